/*
 * From a transaction log to the ten most valuable customers.
 *
 *     cdnow LOG.csv [--json DIR]
 *
 * The log has the columns customer_id,date,quantity,amount. BG/NBD, Pareto/NBD and Gamma-Gamma are fitted to what was known on 1997-09-30;
 * the rest of the log shows how good the forecast was. With --json the models are written to DIR.
 *
 *     cc -std=c99 cdnow.c $(pkg-config --cflags --libs cam_ffi) -o cdnow
 */
#include <cam_ffi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every fallible call goes through this: print what went wrong, and give up. */
static cam_error *error = NULL;

static void must(int32_t status, const char *what)
{
    if (status != CAM_OK) {
        fprintf(stderr, "%s: %s (status %d)\n", what, cam_error_message(error), (int)status);
        cam_error_free(error);
        exit(1);
    }
}

/* The columns of the log. Dates are read by the library. */
typedef struct {
    size_t rows, room;
    int64_t *customer;
    char **date;
    double *amount;
} columns;

static void *grow(void *old, size_t bytes)
{
    void *grown = realloc(old, bytes);
    if (grown == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return grown;
}

static columns read_csv(const char *path)
{
    columns log = {0, 0, NULL, NULL, NULL};
    char line[256];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    if (fgets(line, sizeof line, file) == NULL || strncmp(line, "customer_id,date,quantity,amount", 32) != 0) {
        fprintf(stderr, "%s: need the header customer_id,date,quantity,amount\n", path);
        exit(1);
    }
    while (fgets(line, sizeof line, file) != NULL) {
        char date[32];
        long long customer;
        double amount;
        if (sscanf(line, "%lld,%31[^,],%*[^,],%lf", &customer, date, &amount) != 3) {
            fprintf(stderr, "%s: cannot read row %lu: %s", path, (unsigned long)log.rows, line);
            exit(1);
        }
        if (log.rows == log.room) {
            log.room = log.room ? 2 * log.room : 1024;
            log.customer = grow(log.customer, log.room * sizeof *log.customer);
            log.date = grow(log.date, log.room * sizeof *log.date);
            log.amount = grow(log.amount, log.room * sizeof *log.amount);
        }
        log.customer[log.rows] = customer;
        log.date[log.rows] = strcpy(grow(NULL, strlen(date) + 1), date);
        log.amount[log.rows] = amount;
        log.rows++;
    }
    fclose(file);
    return log;
}

static void free_columns(columns *log)
{
    size_t i;
    for (i = 0; i < log->rows; i++) {
        free(log->date[i]);
    }
    free(log->customer);
    free(log->date);
    free(log->amount);
}

static cam_table *summarize(const columns *log)
{
    cam_log *handle = NULL;
    cam_table *summary = NULL;
    must(cam_log_new(&handle, &error), "log");
    must(cam_log_set_keys_int64(handle, log->customer, log->rows, &error), "keys");
    must(cam_log_set_times_strings(handle, (const char *const *)log->date, log->rows, &error), "dates");
    must(cam_log_set_amounts(handle, log->amount, log->rows, &error), "amounts");
    must(cam_summarize(handle, "{\"unit\": \"W\", \"calibration_end\": \"1997-09-30\"}", NULL, &summary, &error),
         "summary");
    cam_log_free(handle);
    return summary;
}

static cam_model *fit(const char *id, const cam_table *summary)
{
    cam_model *model = NULL;
    double value[8], standard_error[8], log_likelihood;
    size_t i;
    must(cam_model_fit(id, summary, NULL, NULL, &model, &error), id);
    if (!cam_model_converged(model)) {
        fprintf(stderr, "%s: the fit did not converge\n", id);
        exit(1);
    }
    must(cam_model_parameters(model, value, 8, &error), "parameters");
    must(cam_model_standard_errors(model, standard_error, 8, &error), "standard errors");
    must(cam_model_log_likelihood(model, &log_likelihood, &error), "log-likelihood");
    printf("%-12s log-likelihood %12.5f\n", id, log_likelihood);
    for (i = 0; i < cam_model_parameter_count(model); i++) {
        printf("  %-6s %10.5f  (%.5f)\n", cam_model_parameter_name(model, i), value[i], standard_error[i]);
    }
    return model;
}

static void save(const cam_model *model, const char *directory)
{
    cam_string *json = NULL;
    char path[1024];
    FILE *file;
    snprintf(path, sizeof path, "%s/%s.json", directory, cam_model_id(model));
    must(cam_model_to_json(model, &json, &error), "document");
    file = fopen(path, "wb");
    if (file == NULL || fwrite(cam_string_data(json), 1, cam_string_length(json), file) != cam_string_length(json)
        || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
    cam_string_free(json);
}

static const double *order_by;

static int by_value(const void *a, const void *b)
{
    double x = order_by[*(const size_t *)a], y = order_by[*(const size_t *)b];
    return (x < y) - (x > y);
}

int main(int argc, char **argv)
{
    columns log;
    cam_table *summary;
    cam_model *purchases, *pareto, *spend;
    size_t rows, i, *order;
    double *alive, *expected, *value, *bought, forecast = 0, actual = 0;
    int64_t *customer;

    if (argc != 2 && !(argc == 4 && strcmp(argv[2], "--json") == 0)) {
        fprintf(stderr, "usage: %s LOG.csv [--json DIR]\n", argv[0]);
        return 2;
    }
    if (cam_abi_version() != CAM_ABI_VERSION) {
        fprintf(stderr, "header and library do not match\n");
        return 1;
    }
    log = read_csv(argv[1]);
    summary = summarize(&log);
    rows = cam_table_rows(summary);
    printf("%lu transactions, %lu customers\n", (unsigned long)log.rows, (unsigned long)rows);

    purchases = fit("bg_nbd", summary);
    pareto = fit("pareto_nbd", summary);
    spend = fit("gamma_gamma", summary);

    alive = grow(NULL, rows * sizeof *alive);
    expected = grow(NULL, rows * sizeof *expected);
    value = grow(NULL, rows * sizeof *value);
    bought = grow(NULL, rows * sizeof *bought);
    customer = grow(NULL, rows * sizeof *customer);
    order = grow(NULL, rows * sizeof *order);
    must(cam_model_score(purchases, "{\"quantity\": \"probability_alive\"}", summary, NULL, alive, rows, &error), "alive");
    must(cam_model_score(purchases, "{\"quantity\": \"expected_purchases\", \"horizon\": 39}", summary, NULL, expected,
                         rows, &error),
         "expected purchases");
    must(cam_customer_lifetime_value(purchases, spend, summary, "{\"horizon\": 52, \"discount_rate\": 0.002}", NULL, value,
                                     rows, &error),
         "value");
    must(cam_table_column(summary, "frequency_holdout", bought, rows, &error), "holdout");
    must(cam_table_keys_int64(summary, customer, rows, &error), "keys");

    for (i = 0; i < rows; i++) {
        forecast += expected[i];
        actual += bought[i];
        order[i] = i;
    }
    printf("repeat purchases in the 39 weeks after: forecast %.1f, actual %.0f\n", forecast, actual);

    order_by = value;
    qsort(order, rows, sizeof *order, by_value);
    printf("the ten most valuable customers (52 weeks, 0.2 %% a week)\n");
    printf("  customer  alive  purchases     value\n");
    for (i = 0; i < 10 && i < rows; i++) {
        size_t row = order[i];
        printf("  %8lld %6.3f %10.3f %9.2f\n", (long long)customer[row], alive[row], expected[row], value[row]);
    }

    if (argc == 4) {
        save(purchases, argv[3]);
        save(pareto, argv[3]);
        save(spend, argv[3]);
    }
    free(alive);
    free(expected);
    free(value);
    free(bought);
    free(customer);
    free(order);
    cam_model_free(purchases);
    cam_model_free(pareto);
    cam_model_free(spend);
    cam_table_free(summary);
    free_columns(&log);
    return 0;
}
