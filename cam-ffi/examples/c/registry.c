/*
 * Every model that there is: the registry, and a fit of each model of purchases to one log.
 *
 *     registry LOG.csv
 *
 * The log has the columns customer_id,date,quantity,amount; the models are fitted to what was known on 1997-09-30. No model is named here: a model that is
 * added to the library is in the table.
 *
 *     cc -std=c99 registry.c $(pkg-config --cflags --libs cam_ffi) -o registry
 */
#include <cam_ffi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_ROWS 100000
#define MOST_PARAMETERS 16

static cam_error *error = NULL;

static void must(int32_t status, const char *what)
{
    if (status != CAM_OK) {
        fprintf(stderr, "%s: %s (status %d)\n", what, cam_error_message(error), (int)status);
        cam_error_free(error);
        exit(1);
    }
}

/* Customers, dates and amounts of the log. */
static int64_t customer[MOST_ROWS];
static double amount[MOST_ROWS];
static char date[MOST_ROWS][16];
static const char *dates[MOST_ROWS];

static cam_log *read_csv(const char *path)
{
    char line[256];
    size_t rows = 0;
    cam_log *log = NULL;
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        perror(path);
        exit(1);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        long long id;
        if (rows == MOST_ROWS || sscanf(line, "%lld,%15[^,],%*[^,],%lf", &id, date[rows], &amount[rows]) != 3) {
            fprintf(stderr, "%s: cannot read row %lu: %s", path, (unsigned long)rows, line);
            exit(1);
        }
        customer[rows] = id;
        dates[rows] = date[rows];
        rows++;
    }
    fclose(file);
    must(cam_log_new(&log, &error), "log");
    must(cam_log_set_keys_int64(log, customer, rows, &error), "keys");
    must(cam_log_set_times_strings(log, dates, rows, &error), "dates");
    must(cam_log_set_amounts(log, amount, rows, &error), "amounts");
    return log;
}

static cam_table *summarize(const cam_log *log, const char *options)
{
    cam_table *summary = NULL;
    must(cam_summarize(log, options, NULL, &summary, &error), "summary");
    return summary;
}

/* The text between `before` and `after`, up to `end`; empty where it is not there. */
static void between(const char *from, const char *end, const char *before, const char *after, char *out, size_t room)
{
    const char *start = strstr(from, before), *stop;
    out[0] = '\0';
    if (start == NULL || start >= end) {
        return;
    }
    start += strlen(before);
    stop = strstr(start, after);
    if (stop != NULL && stop <= end && (size_t)(stop - start) < room) {
        memcpy(out, start, (size_t)(stop - start));
        out[stop - start] = '\0';
    }
}

static void fit(const char *id, const cam_table *summary)
{
    cam_model *model = NULL;
    cam_string *report = NULL;
    double value[MOST_PARAMETERS], log_likelihood;
    char status[64], left[256];
    const char *json;
    size_t i, count;
    clock_t begun = clock();
    must(cam_model_fit(id, summary, NULL, NULL, &model, &error), id);
    begun = clock() - begun;
    must(cam_model_log_likelihood(model, &log_likelihood, &error), "log-likelihood");
    must(cam_model_parameters(model, value, MOST_PARAMETERS, &error), "parameters");
    must(cam_model_fit_json(model, &report, &error), "report");
    json = cam_string_data(report);
    /* "status":"converged", or an object that says which parameters have no maximum. */
    between(json, json + cam_string_length(report), "\"status\":\"", "\"", status, sizeof status);
    between(json, json + cam_string_length(report), "\"boundary\":{\"parameters\":[", "]", left, sizeof left);
    printf("%-20s %14.5f  %-13s", id, log_likelihood, left[0] != '\0' ? "boundary" : status);
    count = cam_model_parameter_count(model);
    for (i = 0; i < count; i++) {
        printf(" %s %.5g", cam_model_parameter_name(model, i), value[i]);
    }
    printf("%s%s  %.1f ms\n", left[0] != '\0' ? "; " : "", left, 1e3 * (double)begun / CLOCKS_PER_SEC);
    cam_string_free(report);
    cam_model_free(model);
}

int main(int argc, char **argv)
{
    static char id[64], title[64], columns[4096], quantities[1024];
    cam_string *models = NULL;
    cam_table *weeks, *opportunities;
    cam_log *log;
    const char *json, *model, *end;
    size_t listed = 0, fitted = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s LOG.csv\n", argv[0]);
        return 2;
    }
    must(cam_models_json(&models, &error), "models");
    json = cam_string_data(models);

    printf("the registry\n");
    for (model = strstr(json, "\"id\":"); model != NULL; model = end) {
        end = strstr(model + 1, "\"id\":");
        between(model, end ? end : json + cam_string_length(models), "\"id\":\"", "\"", id, sizeof id);
        between(model, end ? end : json + cam_string_length(models), "\"title\":\"", "\"", title, sizeof title);
        printf("  %-20s %s\n", id, title);
        listed++;
    }

    log = read_csv(argv[1]);
    weeks = summarize(log, "{\"unit\": \"W\", \"calibration_end\": \"1997-09-30\", \"log_intervals\": true}");
    /* For models of discrete time: was there a purchase in the week, or none? */
    opportunities = summarize(log, "{\"unit\": \"W\", \"period\": \"W\", \"calibration_end\": \"1997-09-30\", \"opportunities\": true}");
    printf("models of purchases, %lu customers\n", (unsigned long)cam_table_rows(weeks));
    for (model = strstr(json, "\"id\":"); model != NULL; model = end) {
        const char *last;
        end = strstr(model + 1, "\"id\":");
        last = end ? end : json + cam_string_length(models);
        between(model, last, "\"id\":\"", "\"", id, sizeof id);
        between(model, last, "\"quantities\":[", "]", quantities, sizeof quantities);
        between(model, last, "\"columns\":[", "]", columns, sizeof columns);
        /* The others are of spend, or of contracts, of which this log has none. */
        if (strstr(quantities, "\"expected_purchases\"") == NULL || strstr(columns, "\"name\":\"recency\"") == NULL) {
            continue;
        }
        fit(id, strstr(columns, "\"name\":\"T\",\"domain\":\"count\"") != NULL ? opportunities : weeks);
        fitted++;
    }
    printf("%lu of %lu models\n", (unsigned long)fitted, (unsigned long)listed);

    cam_table_free(weeks);
    cam_table_free(opportunities);
    cam_log_free(log);
    cam_string_free(models);
    return 0;
}
