/*
 * The C door, tested from C: published values, the golden file, bad input, threads, fork, cancellation.
 *
 *     test_cam CDNOW.csv GOLDEN.csv PARTIAL.bin
 *
 * With CAM_SLOW set (valgrind), sizes are smaller and nothing is timed.
 */
#define _POSIX_C_SOURCE 200809L
#include "test_cam.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int claims, broken;
cam_error *error;

void must(int32_t status, const char *call)
{
    if (status != CAM_OK) {
        fprintf(stderr, "%s: %s (status %d)\n", call, cam_error_message(error), (int)status);
        exit(1);
    }
}

cam_table *table_of(size_t rows, const char *unit, size_t columns, const char *const *names, const double *const *values)
{
    cam_column column[8];
    cam_table *table = NULL;
    size_t i;
    for (i = 0; i < columns; i++) {
        column[i].name = names[i];
        column[i].values = values[i];
        column[i].length = rows;
        column[i].stride = 0;
    }
    MUST(cam_table_from_columns(column, columns, unit, &table, &error));
    return table;
}

static int slow(void) { return getenv("CAM_SLOW") != NULL; }

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- the log ---- */

enum { MOST = 8000 };
static int64_t customer[MOST];
static char date[MOST][16];
static const char *dates[MOST];
static double amount[MOST];
size_t rows;

static void read_log(const char *path)
{
    char line[256];
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        perror(path);
        exit(1);
    }
    while (rows < MOST && fgets(line, sizeof line, file) != NULL) {
        long long id;
        if (sscanf(line, "%lld,%15[^,],%*[^,],%lf", &id, date[rows], &amount[rows]) == 3) {
            customer[rows] = id;
            dates[rows] = date[rows];
            rows++;
        }
    }
    fclose(file);
    CLAIM(rows == 6919);
}

cam_log *log_of(size_t from, size_t to)
{
    cam_log *log = NULL;
    MUST(cam_log_new(&log, &error));
    MUST(cam_log_set_keys_int64(log, customer + from, to - from, &error));
    MUST(cam_log_set_times_strings(log, dates + from, to - from, &error));
    MUST(cam_log_set_amounts(log, amount + from, to - from, &error));
    return log;
}

const char *const OPTIONS = "{\"unit\": \"W\", \"calibration_end\": \"1997-09-30\"}";

static cam_table *summarize(void)
{
    cam_log *log = log_of(0, rows);
    cam_table *summary = NULL;
    MUST(cam_summarize(log, OPTIONS, NULL, &summary, &error));
    cam_log_free(log);
    return summary;
}

double *column_of(const cam_table *table, const char *name)
{
    double *values = malloc((cam_table_rows(table) + 1) * sizeof *values);
    MUST(cam_table_column(table, name, values, cam_table_rows(table), &error));
    return values;
}

static double *score(const cam_model *model, const char *quantity, const cam_table *table, const cam_control *control)
{
    double *values = malloc((cam_table_rows(table) + 1) * sizeof *values);
    MUST(cam_model_score(model, quantity, table, control, values, cam_table_rows(table), &error));
    return values;
}

int same_bits(const double *a, const double *b, size_t n) { return memcmp(a, b, n * sizeof *a) == 0; }

/* ---- published values ---- */

static cam_model *fit(const char *id, const cam_table *table)
{
    cam_model *model = NULL;
    MUST(cam_model_fit(id, table, NULL, NULL, &model, &error));
    CLAIM(cam_model_converged(model) == 1);
    CLAIM(strcmp(cam_model_id(model), id) == 0 && strcmp(cam_model_unit(model), "week") == 0);
    return model;
}

/* `digits` is half a unit in the last digit that was published. */
static void estimates_are_those_published(const cam_model *model, const double *published, const double *digits,
                                          const double *errors, double log_likelihood, double ll_digits)
{
    double theta[8], se[8], ll, covariance[64];
    size_t n = cam_model_parameter_count(model), i;
    MUST(cam_model_parameters(model, theta, 8, &error));
    MUST(cam_model_standard_errors(model, se, 8, &error));
    MUST(cam_model_covariance(model, covariance, 64, &error));
    MUST(cam_model_log_likelihood(model, &ll, &error));
    printf("%s: log-likelihood %.5f (published %.5f)\n", cam_model_id(model), ll, log_likelihood);
    CLAIM(fabs(ll - log_likelihood) <= ll_digits);
    for (i = 0; i < n; i++) {
        printf("  %-6s %.7f (published %.7f), standard error %.7f\n", cam_model_parameter_name(model, i), theta[i], published[i], se[i]);
        CLAIM(fabs(theta[i] - published[i]) <= digits[i]);
        CLAIM(errors == NULL || fabs(se[i] / errors[i] - 1) < 0.01);
        CLAIM(fabs(se[i] * se[i] / covariance[i * n + i] - 1) < 1e-12);
    }
}

static void the_document_opens_again(const cam_model *model, const cam_table *table, const char *quantity)
{
    cam_string *json = NULL, *again = NULL;
    cam_model *opened = NULL;
    double *a, *b;
    MUST(cam_model_to_json(model, &json, &error));
    MUST(cam_model_from_json(cam_string_data(json), &opened, &error));
    MUST(cam_model_to_json(opened, &again, &error));
    CLAIM(strcmp(cam_string_data(json), cam_string_data(again)) == 0);
    a = score(model, quantity, table, NULL);
    b = score(opened, quantity, table, NULL);
    CLAIM(same_bits(a, b, cam_table_rows(table)));
    free(a);
    free(b);
    cam_string_free(json);
    cam_string_free(again);
    cam_model_free(opened);
}

/* ---- the golden file ---- */

typedef struct {
    double x, t_x, t, answer[5];
} golden_row;

/* Score the rows of one parameter set, and compare. */
static double golden_set(const char *model_name, const char *set, const double *theta, const golden_row *row, size_t n)
{
    static const char *const names[] = {"frequency", "recency", "T"};
    static const char *const quantities[] = {
        "log_likelihood",
        "probability_alive",
        "{\"quantity\": \"expected_purchases\", \"horizon\": 52}",
        "{\"quantity\": \"discounted_expected_purchases\", \"continuous_discount_rate\": 0.0027}",
        "{\"quantity\": \"discounted_expected_purchases\", \"continuous_discount_rate\": 0.1}",
    };
    cam_column column[3];
    cam_table *table = NULL;
    cam_model *model = NULL;
    double worst = 0;
    size_t i, q;
    for (i = 0; i < 3; i++) {
        /* The columns lie across an array of structs: a stride. */
        column[i].name = names[i];
        column[i].values = i == 0 ? &row->x : i == 1 ? &row->t_x : &row->t;
        column[i].length = n;
        column[i].stride = sizeof(golden_row);
    }
    MUST(cam_table_from_columns(column, 3, NULL, &table, &error));
    MUST(cam_model_from_parameters(strcmp(model_name, "bg") == 0 ? "bg_nbd" : "pareto_nbd", theta, 4, NULL, &model, &error));
    for (q = 0; q < 5; q++) {
        double *ours;
        if (isnan(row[0].answer[q])) {
            continue;
        }
        ours = score(model, quantities[q], table, NULL);
        for (i = 0; i < n; i++) {
            /* Below the smallest normal number digits run out: there the error counts against that number. */
            double truth = row[i].answer[q], off = fabs(ours[i] - truth), scale = fmax(fabs(truth), DBL_MIN);
            if (!isfinite(truth)) {
                continue;
            }
            CLAIM(isfinite(ours[i]));
            off /= q == 0 ? fmax(scale, 1) : scale;
            worst = off > worst ? off : worst;
            if (!(off <= 1e-11)) {
                fprintf(stderr, "%s %s %s: x %g, t_x %g, T %g: %.17g, golden %.17g\n", model_name, set, quantities[q], row[i].x,
                        row[i].t_x, row[i].t, ours[i], truth);
            }
        }
        free(ours);
    }
    printf("  %-3s %-18s %4lu rows, worst %.1e\n", model_name, set, (unsigned long)n, worst);
    CLAIM(worst <= 1e-11);
    cam_table_free(table);
    cam_model_free(model);
    return worst;
}

static void the_golden_values_are_met(const char *path)
{
    static golden_row row[512];
    char line[512], model[8] = "", set[32] = "";
    double theta[4] = {0, 0, 0, 0};
    size_t n = 0, total = 0;
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    printf("golden values: worst relative error (log-likelihood: absolute or relative)\n");
    while (fgets(line, sizeof line, file) != NULL) {
        char this_model[8], this_set[32], cell[5][40] = {"", "", "", "", ""};
        double p[4];
        golden_row r;
        char *rest = line;
        int at = 0, q;
        if (sscanf(line, "%7[^,],%31[^,],%lf,%lf,%lf,%lf,%lf,%lf,%lf,%n", this_model, this_set, &p[0], &p[1], &p[2], &p[3], &r.x,
                   &r.t_x, &r.t, &at)
                != 9
            || at == 0) {
            continue;
        }
        rest += at;
        for (q = 0; q < 5; q++) {
            size_t length = strcspn(rest, ",\r\n");
            if (length >= sizeof cell[q]) {
                exit(1);
            }
            memcpy(cell[q], rest, length);
            r.answer[q] = length ? strtod(cell[q], NULL) : (double)NAN;
            rest += length + (rest[length] == ',');
        }
        if (strcmp(model, this_model) != 0 || memcmp(theta, p, sizeof p) != 0 || n == 512) {
            if (n > 0) {
                golden_set(model, set, theta, row, n);
            }
            n = 0;
            strcpy(model, this_model);
            strcpy(set, this_set);
            memcpy(theta, p, sizeof p);
        }
        row[n++] = r;
        total++;
    }
    golden_set(model, set, theta, row, n);
    fclose(file);
    CLAIM(total == 4820);
}

/* ---- many threads, a fork, a stop ---- */

typedef struct {
    const cam_model *model;
    const cam_table *table;
    const double *expected;
    int same;
} share;

static const char *const NEXT_YEAR = "{\"quantity\": \"expected_purchases\", \"horizon\": 52}";

static void *use_it(void *argument)
{
    share *s = argument;
    size_t n = cam_table_rows(s->table);
    double *mine = malloc(n * sizeof *mine);
    int i;
    s->same = 1;
    for (i = 0; i < (slow() ? 2 : 50); i++) {
        cam_string *json = NULL;
        cam_error *err = NULL;
        s->same &= cam_model_score(s->model, NEXT_YEAR, s->table, NULL, mine, n, &err) == CAM_OK;
        s->same &= same_bits(mine, s->expected, n);
        s->same &= cam_model_to_json(s->model, &json, &err) == CAM_OK;
        cam_string_free(json);
    }
    free(mine);
    return NULL;
}

static void eight_threads_share_one_model(const cam_model *model, const cam_table *table)
{
    pthread_t thread[8];
    share s[8];
    double *expected = score(model, NEXT_YEAR, table, NULL);
    int i;
    for (i = 0; i < 8; i++) {
        s[i].model = model;
        s[i].table = table;
        s[i].expected = expected;
        CLAIM(pthread_create(&thread[i], NULL, use_it, &s[i]) == 0);
    }
    for (i = 0; i < 8; i++) {
        pthread_join(thread[i], NULL);
        CLAIM(s[i].same);
    }
    free(expected);
    printf("eight threads shared one model\n");
}

static void a_process_may_fork_after_use(const cam_model *model, const cam_table *table)
{
    double *expected = score(model, NEXT_YEAR, table, NULL);
    pid_t child;
    int status = -1;
    fflush(NULL);
    child = fork();
    if (child == 0) {
        double *mine;
        cam_control *two = NULL;
        const char *verdict;
        alarm(60);
        MUST(cam_control_new(&two, &error));
        MUST(cam_control_set_threads(two, 2, &error));
        mine = score(model, NEXT_YEAR, table, two);
        /* The child ends as another program, so that valgrind does not ask it for its copy of the parent's memory. */
        verdict = same_bits(mine, expected, cam_table_rows(table)) ? "true" : "false";
        execlp(verdict, verdict, (char *)NULL);
        _exit(2);
    }
    CLAIM(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    free(expected);
    printf("a forked child used the model\n");
}

static int count_steps(const char *stage, uint64_t done, uint64_t total, double value, void *user_data)
{
    (void)total;
    CLAIM(strcmp(stage, "bg_nbd") == 0 && done > 0 && value < 0);
    return ++*(int *)user_data >= 3;
}

typedef struct {
    const cam_control *control;
    double delay, at, processor;
} stopper;

static void *stop(void *argument)
{
    stopper *s = argument;
    struct timespec wait;
    wait.tv_sec = 0;
    wait.tv_nsec = (long)(1e9 * s->delay);
    nanosleep(&wait, NULL);
    s->at = seconds(CLOCK_MONOTONIC);
    s->processor = seconds(CLOCK_PROCESS_CPUTIME_ID);
    cam_control_cancel(s->control);
    return NULL;
}

/*
 * Whether a fit stops within 100 ms of being told to, `delay` seconds after it began. What counts is the time of the processor, which is the
 * time on the clock where nothing else runs.
 */
static int stops_in_time(const cam_table *table, cam_control *control, double delay)
{
    cam_model *model = NULL;
    pthread_t thread;
    stopper s;
    int32_t status;
    double clock, processor;
    s.control = control;
    s.delay = delay;
    CLAIM(pthread_create(&thread, NULL, stop, &s) == 0);
    status = cam_model_fit("pareto_nbd", table, NULL, control, &model, NULL);
    clock = seconds(CLOCK_MONOTONIC);
    processor = seconds(CLOCK_PROCESS_CPUTIME_ID);
    pthread_join(thread, NULL);
    cam_model_free(model);
    cam_control_reset(control);
    if (slow()) {
        return status == CAM_INTERRUPTED || status == CAM_OK;
    }
    printf("a fit of %lu customers, told to stop after %.0f ms: status %d, %.1f ms later (%.1f ms of the processor)\n",
           (unsigned long)cam_table_rows(table), 1e3 * delay, (int)status, 1e3 * (clock - s.at), 1e3 * (processor - s.processor));
    return status == CAM_OK ? clock < s.at : status == CAM_INTERRUPTED && processor - s.processor < 0.1;
}

static void a_fit_can_be_watched_and_stopped(const cam_table *small)
{
    static const char *const names[] = {"T"};
    const double pareto[] = {0.55, 10.6, 0.61, 11.7};
    size_t n = slow() ? 4000 : 1000000, i;
    double *age = malloc(n * sizeof *age);
    const double *values[1];
    cam_control *control = NULL;
    cam_table *design, *simulated = NULL;
    cam_model *truth = NULL, *model = NULL;
    const double delays[] = {0.02, 0.1, 0.2, 0.3, 0.4};
    cam_error *err = NULL;
    int steps = 0;

    MUST(cam_control_new(&control, &error));
    MUST(cam_control_set_progress(control, count_steps, &steps, &error));
    CLAIM(cam_model_fit("bg_nbd", small, NULL, control, &model, &err) == CAM_INTERRUPTED);
    CLAIM(steps == 3 && model == NULL && strstr(cam_error_message(err), "interrupted") != NULL);
    cam_error_free(err);
    err = NULL;
    cam_control_reset(control);
    MUST(cam_control_set_progress(control, NULL, NULL, &error));
    MUST(cam_model_fit("bg_nbd", small, NULL, control, &model, &error));
    cam_model_free(model);
    model = NULL;

    for (i = 0; i < n; i++) {
        age[i] = 27 + 12 * ((double)i + 0.5) / (double)n;
    }
    values[0] = age;
    design = table_of(n, "W", 1, names, values);
    MUST(cam_model_from_parameters("pareto_nbd", pareto, 4, "W", &truth, &error));
    MUST(cam_model_simulate(truth, design, 7, NULL, &simulated, &error));
    MUST(cam_control_set_threads(control, 1, &error));
    for (i = 0; i < sizeof delays / sizeof *delays; i++) {
        CLAIM(stops_in_time(simulated, control, delays[i]));
    }
    cam_model_free(truth);
    cam_table_free(simulated);
    cam_table_free(design);
    cam_control_free(control);
    free(age);
}

static void scoring_maps_nan_to_nan(const cam_model *model)
{
    static const char *const names[] = {"frequency", "recency", "T"};
    const double x[] = {2, NAN, 0}, t_x[] = {30, 10, 0}, t[] = {39, 39, NAN};
    const double *values[3];
    cam_table *table;
    double *alive;
    values[0] = x;
    values[1] = t_x;
    values[2] = t;
    table = table_of(3, "W", 3, names, values);
    alive = score(model, "probability_alive", table, NULL);
    CLAIM(alive[0] > 0 && alive[0] < 1 && isnan(alive[1]) && isnan(alive[2]));
    free(alive);
    cam_table_free(table);
}

int main(int argc, char **argv)
{
    static const double bg[] = {.2425945, 4.4136019, .7929199, 2.4258881}, bg_digits[] = {5e-6, 5e-5, 5e-5, 5e-4},
                        bg_se[] = {.0125574, .3782239, .1857328, .7054068};
    static const double pareto[] = {.55328, 10.57768, .60624, 11.66873}, pareto_digits[] = {5e-5, 5e-4, 5e-5, 5e-3},
                        pareto_se[] = {.0476, .8427, .187, 6.20};
    static const double spend[] = {6.24957, 3.74422, 15.44352}, spend_digits[] = {5e-4, 5e-5, 5e-3};
    cam_table *summary;
    cam_model *purchases, *pareto_nbd, *gamma_gamma;
    cam_string *json = NULL;
    double answer;
    if (argc != 4) {
        fprintf(stderr, "usage: %s CDNOW.csv GOLDEN.csv PARTIAL.bin\n", argv[0]);
        return 2;
    }
    CLAIM(cam_abi_version() == CAM_ABI_VERSION);
    printf("cam %s, binary interface %u\n", cam_version(), (unsigned)cam_abi_version());
    MUST(cam_models_json(&json, &error));
    CLAIM(strstr(cam_string_data(json), "\"id\":\"pareto_nbd\"") != NULL);
    cam_string_free(json);

    read_log(argv[1]);
    summary = summarize();
    CLAIM(cam_table_rows(summary) == 2357);
    json = NULL;
    MUST(cam_table_about_json(summary, &json, &error));
    CLAIM(strstr(cam_string_data(json), "\"duration_holdout\":39.0") != NULL);
    CLAIM(strstr(cam_string_data(json), "\"rows\":6919") != NULL);
    cam_string_free(json);
    summaries(summary, argv[3]);

    purchases = fit("bg_nbd", summary);
    pareto_nbd = fit("pareto_nbd", summary);
    gamma_gamma = fit("gamma_gamma", summary);
    estimates_are_those_published(purchases, bg, bg_digits, bg_se, -9582.42921, 1e-5);
    estimates_are_those_published(pareto_nbd, pareto, pareto_digits, pareto_se, -9594.97618, 1e-5);
    estimates_are_those_published(gamma_gamma, spend, spend_digits, NULL, -4055.918, 1e-3);
    MUST(cam_model_new_customer(gamma_gamma, "expected_spend", &answer, &error));
    CLAIM(fabs(answer - 35.171) < 5e-3);
    json = NULL;
    MUST(cam_model_fit_json(purchases, &json, &error));
    CLAIM(strstr(cam_string_data(json), "\"status\":\"converged\"") != NULL);
    cam_string_free(json);
    the_document_opens_again(purchases, summary, NEXT_YEAR);
    the_document_opens_again(pareto_nbd, summary, NEXT_YEAR);
    the_document_opens_again(gamma_gamma, summary, "expected_spend");
    scoring_maps_nan_to_nan(pareto_nbd);

    the_golden_values_are_met(argv[2]);
    bad_input(summary, purchases, gamma_gamma);
    tasks(summary, purchases);
    eight_threads_share_one_model(pareto_nbd, summary);
    a_process_may_fork_after_use(pareto_nbd, summary);
    a_fit_can_be_watched_and_stopped(summary);

    cam_model_free(purchases);
    cam_model_free(pareto_nbd);
    cam_model_free(gamma_gamma);
    cam_table_free(summary);
    printf("%d claims, %d broken\n", claims, broken);
    return broken != 0;
}
