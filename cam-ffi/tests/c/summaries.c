/* Summaries: from any cut of the log, by text keys, and in parts that travel as bytes. */
#include "test_cam.h"

#include <string.h>

/* A builder with some rows of the log. */
static cam_summary_builder *builder_of(size_t from, size_t to)
{
    cam_summary_builder *builder = NULL;
    cam_log *log = log_of(from, to);
    MUST(cam_summary_builder_new(OPTIONS, &builder, &error));
    MUST(cam_summary_builder_push(builder, log, NULL, &error));
    cam_log_free(log);
    return builder;
}

/* Whether a builder that has seen the whole log gives its summary, to the last bit. */
static void claim_whole(const cam_summary_builder *builder, const cam_table *whole)
{
    static const char *const names[] = {"frequency", "recency", "T", "monetary_value", "frequency_holdout"};
    cam_table *table = NULL;
    size_t i;
    MUST(cam_summary_builder_finish(builder, NULL, &table, &error));
    CLAIM(cam_summary_builder_rows(builder) == rows);
    CLAIM(cam_table_rows(table) == cam_table_rows(whole));
    CLAIM(cam_table_keys_kind(table) == CAM_KEYS_INT64);
    for (i = 0; i < sizeof names / sizeof *names; i++) {
        double *a = column_of(whole, names[i]), *b = column_of(table, names[i]);
        CLAIM(same_bits(a, b, cam_table_rows(whole)));
        free(a);
        free(b);
    }
    cam_table_free(table);
}

static void any_cut_of_the_log_gives_the_same_summary(const cam_table *whole)
{
    cam_summary_builder *first = builder_of(0, 1000), *second = builder_of(1000, 1001);
    cam_log *log = log_of(1001, rows);
    MUST(cam_summary_builder_push(first, log, NULL, &error));
    cam_log_free(log);
    MUST(cam_summary_builder_merge(first, second, &error));
    claim_whole(first, whole);
    cam_summary_builder_free(first);
    cam_summary_builder_free(second);
}

enum { ROWS_IN_FILE = 500, MOST_BYTES = 1 << 16 };
static uint8_t file_bytes[MOST_BYTES + 1];

static size_t read_partial(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t length;
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    length = fread(file_bytes, 1, sizeof file_bytes, file);
    fclose(file);
    CLAIM(length > 0 && length <= MOST_BYTES);
    return length;
}

/* The file holds the first rows of the log, as every language writes them. */
static void a_part_from_elsewhere_is_merged_as_if_it_were_ours(const cam_table *whole, const char *path)
{
    size_t length = read_partial(path);
    cam_summary_builder *ours = builder_of(0, ROWS_IN_FILE), *rest = builder_of(ROWS_IN_FILE, rows), *theirs = NULL;
    cam_bytes *bytes = NULL;
    cam_log *log = log_of(ROWS_IN_FILE, rows);
    MUST(cam_summary_builder_to_bytes(ours, &bytes, &error));
    CLAIM(cam_bytes_length(bytes) == length && memcmp(cam_bytes_data(bytes), file_bytes, length) == 0);
    MUST(cam_summary_builder_from_bytes(file_bytes, length, &theirs, &error));
    CLAIM(cam_summary_builder_rows(theirs) == ROWS_IN_FILE);
    /* The bytes were copied. */
    memset(file_bytes, 0, length);
    MUST(cam_summary_builder_merge(rest, theirs, &error));
    claim_whole(rest, whole);
    MUST(cam_summary_builder_push(theirs, log, NULL, &error));
    claim_whole(theirs, whole);
    printf("a partial summary of %lu bytes: read, merged, fed on, and written byte for byte\n", (unsigned long)length);
    cam_log_free(log);
    cam_bytes_free(bytes);
    cam_summary_builder_free(ours);
    cam_summary_builder_free(rest);
    cam_summary_builder_free(theirs);
}

static int refused(const uint8_t *bytes, size_t length)
{
    cam_summary_builder *builder = NULL;
    cam_error *err = NULL;
    int32_t status = cam_summary_builder_from_bytes(bytes, length, &builder, &err);
    int told = status == CAM_INVALID_DOCUMENT && builder == NULL && strlen(cam_error_message(err)) > 0;
    cam_error_free(err);
    cam_summary_builder_free(builder);
    return told;
}

/* In an allocation that ends where the bytes end, so that valgrind and AddressSanitizer see a read beyond it. */
static void parts_that_are_cut_off_or_changed_are_refused(void)
{
    cam_summary_builder *some = builder_of(0, 3);
    cam_bytes *bytes = NULL;
    size_t length, i;
    MUST(cam_summary_builder_to_bytes(some, &bytes, &error));
    length = cam_bytes_length(bytes);
    for (i = 0; i < length; i += i < 64 ? 1 : 61) {
        uint8_t *cut = malloc(i + 1), *changed = malloc(length);
        memcpy(cut, cam_bytes_data(bytes), i);
        CLAIM(refused(cut, i));
        memcpy(changed, cam_bytes_data(bytes), length);
        changed[i] ^= 0x40;
        CLAIM(refused(changed, length));
        free(cut);
        free(changed);
    }
    cam_bytes_free(bytes);
    cam_summary_builder_free(some);
}

static void text_keys_come_back_in_order(void)
{
    static const char *const names[] = {"zo\xc3\xab", "ann", "bob", "ann"};
    static const double times[] = {0, 1, 2, 3};
    cam_log *log = NULL;
    cam_table *summary = NULL;
    cam_string *key = NULL;
    int64_t offsets[4];
    char bytes[16];
    MUST(cam_log_new(&log, &error));
    MUST(cam_log_set_keys_strings(log, names, 4, &error));
    MUST(cam_log_set_times_numbers(log, times, 4, &error));
    MUST(cam_summarize(log, NULL, NULL, &summary, &error));
    CLAIM(cam_table_rows(summary) == 3 && cam_table_keys_kind(summary) == CAM_KEYS_TEXT);
    CLAIM(cam_table_keys_text_bytes(summary) == 10);
    MUST(cam_table_keys_text(summary, offsets, 4, bytes, sizeof bytes, &error));
    CLAIM(offsets[0] == 0 && offsets[1] == 3 && offsets[2] == 6 && offsets[3] == 10);
    CLAIM(memcmp(bytes, "annbobzo\xc3\xab", 10) == 0);
    MUST(cam_table_key(summary, 2, &key, &error));
    CLAIM(strcmp(cam_string_data(key), names[0]) == 0 && cam_string_length(key) == 4);
    CLAIM(strcmp(cam_table_unit(summary), "day") == 0 && cam_table_column_count(summary) == 3);
    cam_string_free(key);
    cam_table_free(summary);
    cam_log_free(log);
}

/* Two customers of whole years: what discrete time and models of spend ask for. */
static void other_models_get_their_columns(void)
{
    static const int64_t ids[] = {1, 1, 1, 2};
    static const char *const dates[] = {"2020-03-01", "2021-06-20", "2023-05-30", "2022-11-11"};
    static const double amounts[] = {8, 20, 40, 9};
    cam_log *log = NULL;
    cam_table *table = NULL;
    cam_summary_builder *builder = NULL;
    double *recency, *age, *deviation, *mean;
    MUST(cam_log_new(&log, &error));
    MUST(cam_log_set_keys_int64(log, ids, 4, &error));
    MUST(cam_log_set_times_strings(log, dates, 4, &error));
    MUST(cam_log_set_amounts(log, amounts, 4, &error));
    MUST(cam_summarize(log, "{\"unit\": \"Y\", \"period\": \"Y\", \"opportunities\": true, \"spread\": \"amount\"}", NULL, &table, &error));
    recency = column_of(table, "recency");
    age = column_of(table, "T");
    deviation = column_of(table, "monetary_deviation");
    CLAIM(recency[0] == 3 && age[0] == 3 && age[1] == 1 && deviation[0] == 10 && deviation[1] == 0);
    cam_table_free(table);
    MUST(cam_summarize(log, "{\"spread\": \"log\"}", NULL, &table, &error));
    mean = column_of(table, "geometric_mean");
    CLAIM(mean[0] > 28.284 && mean[0] < 28.285 && mean[1] == 0);
    cam_table_free(table);
    table = NULL;
    CLAIM(cam_summarize(log, "{\"spread\": \"wide\"}", NULL, &table, &error) == CAM_UNKNOWN_NAME);
    CLAIM(strstr(cam_error_message(error), "wide") != NULL);
    cam_error_free(error);
    CLAIM(cam_summary_builder_new("{\"spread\": \"log\"}", &builder, &error) == CAM_UNSUPPORTED);
    CLAIM(table == NULL && builder == NULL);
    cam_error_free(error);
    error = NULL;
    free(recency);
    free(age);
    free(deviation);
    free(mean);
    cam_log_free(log);
}

void summaries(const cam_table *whole, const char *partial)
{
    any_cut_of_the_log_gives_the_same_summary(whole);
    a_part_from_elsewhere_is_merged_as_if_it_were_ours(whole, partial);
    parts_that_are_cut_off_or_changed_are_refused();
    text_keys_come_back_in_order();
    other_models_get_their_columns();
}
