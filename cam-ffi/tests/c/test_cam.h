/* What the parts of the C test share: counting claims, and small helpers. */
#ifndef TEST_CAM_H
#define TEST_CAM_H

#include <cam_ffi.h>

#include <stdio.h>
#include <stdlib.h>

extern int claims, broken;

/* State a claim; say where it is broken. */
#define CLAIM(truth)                                                                  \
    do {                                                                              \
        claims++;                                                                     \
        if (!(truth)) {                                                               \
            broken++;                                                                 \
            fprintf(stderr, "%s:%d: broken claim: %s\n", __FILE__, __LINE__, #truth); \
        }                                                                             \
    } while (0)

/* A call that must succeed for the rest to make sense. */
#define MUST(call) must((call), #call)

extern cam_error *error;
void must(int32_t status, const char *call);

/* A table of columns of equal length. The arrays must outlive it. */
cam_table *table_of(size_t rows, const char *unit, size_t columns, const char *const *names, const double *const *values);

/* The CDNOW log: how many rows it has, some of them, and the options of its summary. */
extern size_t rows;
cam_log *log_of(size_t from, size_t to);
extern const char *const OPTIONS;

/* A column, to be freed; and whether two are the same, NaNs and signs of zero included. */
double *column_of(const cam_table *table, const char *name);
int same_bits(const double *a, const double *b, size_t n);

void summaries(const cam_table *whole, const char *partial);
void tasks(const cam_table *summary, const cam_model *model);
void bad_input(const cam_table *summary, const cam_model *purchases, const cam_model *spend);

#endif
