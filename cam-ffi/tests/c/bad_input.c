/* Bad input: every case gives a status and a sentence, leaves the outputs alone, and nothing crashes or hangs. */
#include "test_cam.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* The interface of Arrow, as far as a stream that was released already. */
struct ArrowArrayStream {
    void *get_schema, *get_next, *get_last_error, *release, *private_data;
};

/* Not in the header. */
int32_t cam_debug_panic(cam_error **err);

#define UNTOUCHED 12345.0

static cam_model *model;
static cam_table *table;
static cam_string *string;
static cam_bytes *bytes;
static cam_summary_builder *builder;
static double out[16];
static int cases;

static void judge(const char *name, int32_t status, cam_error *err, int32_t expected, int64_t row, const char *needle)
{
    cases++;
    printf("  %-44s %2d %-18s %s\n", name, (int)status, cam_error_kind(err), cam_error_message(err));
    CLAIM(status == expected);
    CLAIM(cam_error_code(err) == status);
    CLAIM((status == CAM_OK) == (err == NULL));
    CLAIM(cam_error_row(err) == row);
    CLAIM(needle == NULL || strstr(cam_error_message(err), needle) != NULL);
    if (status != CAM_OK) {
        CLAIM(model == NULL && table == NULL && string == NULL && builder == NULL && out[0] == UNTOUCHED);
        CLAIM(strlen(cam_error_message(err)) > 0);
    }
    cam_error_free(err);
    cam_model_free(model);
    cam_table_free(table);
    cam_string_free(string);
    cam_summary_builder_free(builder);
    model = NULL;
    table = NULL;
    string = NULL;
    builder = NULL;
    out[0] = UNTOUCHED;
}

/* `row` is the row named in the error, or -1 for none. */
#define CASE(name, expected, row, needle, call)              \
    do {                                                     \
        cam_error *err = NULL;                               \
        int32_t status = (call);                             \
        judge(name, status, err, expected, row, needle);     \
    } while (0)

static const double frequency[] = {2, 0, 1, 5, 0, 3}, recency[] = {30, 0, 10, 38, 0, 12}, age[] = {39, 35, 30, 39, 31, 36};
static const char *const history[] = {"frequency", "recency", "T", "weight"};

/* Fit BG/NBD to six customers, with one cell of one column (0 to 3) changed. */
static int32_t fit_with(int column, size_t row, double value, cam_error **err)
{
    double weight[6] = {1, 1, 1, 1, 1, 1}, changed[6];
    const double *values[4];
    const double *sources[4];
    cam_table *data;
    int32_t status;
    sources[0] = frequency;
    sources[1] = recency;
    sources[2] = age;
    sources[3] = weight;
    memcpy(values, sources, sizeof values);
    memcpy(changed, sources[column], sizeof changed);
    changed[row] = value;
    values[column] = changed;
    data = table_of(6, "W", 4, history, values);
    status = cam_model_fit("bg_nbd", data, NULL, NULL, &model, err);
    cam_table_free(data);
    return status;
}

static int32_t fit_columns(size_t rows, const double *x, const double *t_x, const double *t, cam_error **err)
{
    const double *values[3];
    cam_table *data;
    int32_t status;
    values[0] = x;
    values[1] = t_x;
    values[2] = t;
    data = table_of(rows, "W", 3, history, values);
    status = cam_model_fit("bg_nbd", data, NULL, NULL, &model, err);
    cam_table_free(data);
    return status;
}

static int32_t from_column(const char *name, const double *values, size_t length, size_t stride, const char *unit, cam_error **err)
{
    cam_column columns[2];
    columns[0].name = "frequency";
    columns[0].values = frequency;
    columns[0].length = 6;
    columns[0].stride = sizeof(double);
    columns[1].name = name;
    columns[1].values = values;
    columns[1].length = length;
    columns[1].stride = stride;
    return cam_table_from_columns(columns, 2, unit, &table, err);
}

static int32_t fit_without_recency(cam_error **err)
{
    static const char *const names[] = {"frequency", "T"};
    const double *values[2];
    cam_table *data;
    int32_t status;
    values[0] = frequency;
    values[1] = age;
    data = table_of(6, NULL, 2, names, values);
    status = cam_model_fit("bg_nbd", data, NULL, NULL, &model, err);
    cam_table_free(data);
    return status;
}

static int32_t simulate_from(const char *name, const double *values, const cam_model *purchases, cam_error **err)
{
    cam_table *design = table_of(6, "W", 1, &name, &values);
    int32_t status = cam_model_simulate(purchases, design, 1, NULL, &table, err);
    cam_table_free(design);
    return status;
}

static void bad_pointers_and_columns(const cam_table *summary)
{
    char unaligned[4 * sizeof(double)];
    cam_column none[1] = {{NULL, NULL, 0, 0}};
    CASE("fit: model NULL", 1, -1, "model", cam_model_fit(NULL, summary, NULL, NULL, &model, &err));
    CASE("fit: table NULL", 1, -1, "table", cam_model_fit("bg_nbd", NULL, NULL, NULL, &model, &err));
    CASE("fit: out NULL", 1, -1, "out", cam_model_fit("bg_nbd", summary, NULL, NULL, NULL, &err));
    CASE("fit: a model that is none", 4, -1, "bg_nbd", cam_model_fit("bgnbd", summary, NULL, NULL, &model, &err));
    CASE("fit: model not UTF-8", 1, -1, "UTF-8", cam_model_fit("bg\xff", summary, NULL, NULL, &model, &err));
    CASE("fit: options not JSON", 1, -1, "options", cam_model_fit("bg_nbd", summary, "{", NULL, &model, &err));
    CASE("fit: an option that is none", 4, -1, "tolerance",
         cam_model_fit("bg_nbd", summary, "{\"tolerance\": 1}", NULL, &model, &err));
    CASE("fit: no evaluations", 1, -1, "max_evaluations",
         cam_model_fit("bg_nbd", summary, "{\"max_evaluations\": 0}", NULL, &model, &err));
    CASE("fit: a start below 0", 1, -1, "alpha",
         cam_model_fit("bg_nbd", summary, "{\"start\": [1, -1, 1, 1]}", NULL, &model, &err));
    CASE("table: columns NULL", 1, -1, "columns", cam_table_from_columns(NULL, 2, NULL, &table, &err));
    CASE("table: name NULL", 1, -1, "name", cam_table_from_columns(none, 1, NULL, &table, &err));
    CASE("table: more columns than memory", 3, -1, NULL, cam_table_from_columns(none, SIZE_MAX / 8, NULL, &table, &err));
    CASE("table: values NULL", 1, -1, "NULL", from_column("T", NULL, 6, 0, NULL, &err));
    CASE("table: values not aligned", 1, -1, "aligned",
         from_column("T", (const double *)(const void *)(unaligned + ((uintptr_t)unaligned % 8 == 1 ? 2 : 1)), 6, 0, NULL, &err));
    CASE("table: longer than memory", 3, -1, NULL, from_column("T", age, SIZE_MAX, 0, NULL, &err));
    CASE("table: a stride longer than memory", 3, -1, NULL, from_column("T", age, 6, SIZE_MAX - 7, NULL, &err));
    CASE("table: a stride of 7 bytes", 1, -1, "8", from_column("T", age, 6, 7, NULL, &err));
    CASE("table: unequal lengths", 3, -1, "6 rows", from_column("T", age, 5, 0, NULL, &err));
    CASE("table: the same name twice", 3, -1, "twice", from_column("frequency", age, 6, 0, NULL, &err));
    CASE("table: a unit that is none", 4, -1, "fortnight", from_column("T", age, 6, 0, "fortnight", &err));
    CASE("table: a negative unit", 1, -1, "unit", from_column("T", age, 6, 0, "-3 days", &err));
    CASE("fit: a column is missing", 3, -1, "recency", fit_without_recency(&err));
    CASE("column: one that is not there", 3, -1, "spend", cam_table_column(summary, "spend", out, 16, &err));
    CASE("column: no room", 3, -1, "room", cam_table_column(summary, "T", out, 16, &err));
    CASE("keys: as texts", 9, -1, "texts", cam_table_keys_text(summary, NULL, 0, NULL, 0, &err));
    CASE("keys: no room", 3, -1, "room", cam_table_keys_int64(summary, NULL, 0, &err));
    CASE("key: of a row that is not there", 1, -1, "row", cam_table_key(summary, 1 << 30, &string, &err));
}

/* Well formed, but no maximum exists: the fit is a success that says so. */
static int32_t ends_at_a_boundary(int32_t status)
{
    cam_string *json = NULL;
    if (status == CAM_OK) {
        CLAIM(!cam_model_converged(model));
        MUST(cam_model_fit_json(model, &json, &error));
        CLAIM(strstr(cam_string_data(json), "\"status\":{\"boundary\":{\"parameters\":[\"") != NULL);
        cam_string_free(json);
    }
    return status;
}

static void bad_rows(void)
{
    static const double zero[6] = {0}, two[6] = {2, 2, 2, 2, 2, 2}, ten[6] = {10, 10, 10, 10, 10, 10};
    CASE("fit: NaN", 2, 1, "frequency", fit_with(0, 1, NAN, &err));
    CASE("fit: infinite age", 2, 3, "T", fit_with(2, 3, INFINITY, &err));
    CASE("fit: negative frequency", 2, 2, "-1", fit_with(0, 2, -1, &err));
    CASE("fit: half a purchase", 2, 2, "1.5", fit_with(0, 2, 1.5, &err));
    CASE("fit: T below recency", 2, 3, "T = 12", fit_with(2, 3, 12, &err));
    CASE("fit: bought again, recency 0", 2, 0, "recency", fit_with(1, 0, 0, &err));
    CASE("fit: did not buy again, recency 3", 2, 4, "recency", fit_with(1, 4, 3, &err));
    CASE("fit: a negative weight", 2, 5, "weight", fit_with(3, 5, -1, &err));
    CASE("fit: 1e300 in one cell of frequency", 2, 0, "frequency", fit_with(0, 0, 1e300, &err));
    CASE("fit: 1e300 in one cell of T", 2, 0, "T must", fit_with(2, 0, 1e300, &err));
    CASE("fit: no row", 6, -1, "no row", fit_columns(0, frequency, recency, age, &err));
    CASE("fit: one customer", 0, -1, NULL, ends_at_a_boundary(fit_columns(1, frequency, recency, age, &err)));
    CASE("fit: identical customers", 0, -1, NULL, ends_at_a_boundary(fit_columns(6, two, ten, ten, &err)));
    CASE("fit: nobody bought again", 6, -1, "frequency", fit_columns(6, zero, zero, age, &err));
}

static void bad_questions(const cam_table *summary, const cam_model *purchases, const cam_model *spend)
{
    const size_t rows = cam_table_rows(summary);
    double *room = malloc(rows * sizeof *room);
    const double *values[3];
    const double given[] = {0.24, 4.4, 0.8, -2.4}, nan_given[] = {0.24, NAN, 0.8, 2.4},
                 negative[] = {39, 35, -30, 39, 31, 36};
    cam_table *days;
    cam_model *fixed = NULL;
    values[0] = frequency;
    values[1] = recency;
    values[2] = age;
    days = table_of(6, "D", 3, history, values);
    MUST(cam_model_from_parameters("bg_nbd", age, 4, NULL, &fixed, &error));

    CASE("score: model NULL", 1, -1, "model", cam_model_score(NULL, "log_likelihood", summary, NULL, room, rows, &err));
    CASE("score: out NULL", 1, -1, "out", cam_model_score(purchases, "log_likelihood", summary, NULL, NULL, rows, &err));
    CASE("score: no room", 3, -1, "room", cam_model_score(purchases, "log_likelihood", summary, NULL, out, 16, &err));
    CASE("score: quantity NULL", 1, -1, "quantity", cam_model_score(purchases, NULL, summary, NULL, room, rows, &err));
    CASE("score: a quantity that is none", 4, -1, "alive", cam_model_score(purchases, "alive", summary, NULL, room, rows, &err));
    CASE("score: quantity not JSON", 1, -1, NULL, cam_model_score(purchases, "{]", summary, NULL, room, rows, &err));
    CASE("score: horizon is missing", 1, -1, "horizon",
         cam_model_score(purchases, "expected_purchases", summary, NULL, room, rows, &err));
    CASE("score: a negative horizon", 1, -1, "-1",
         cam_model_score(purchases, "{\"quantity\": \"expected_purchases\", \"horizon\": -1}", summary, NULL, room, rows, &err));
    CASE("score: two rates", 1, -1, "exactly one",
         cam_model_score(purchases,
                         "{\"quantity\": \"discounted_expected_purchases\", \"discount_rate\": 0.1, "
                         "\"continuous_discount_rate\": 0.1}",
                         summary, NULL, room, rows, &err));
    CASE("score: not defined by the model", 9, -1, "gamma_gamma",
         cam_model_score(spend, "probability_alive", summary, NULL, room, rows, &err));
    CASE("score: days given to a model in weeks", 1, -1, "week",
         cam_model_score(purchases, "probability_alive", days, NULL, out, 16, &err));
    CASE("new customer: model NULL", 1, -1, "model", cam_model_new_customer(NULL, "expected_spend", out, &err));
    CASE("new customer: not defined", 9, -1, NULL, cam_model_new_customer(purchases, "expected_spend", out, &err));
    CASE("value: models in the wrong order", 9, -1, NULL,
         cam_customer_lifetime_value(spend, purchases, summary, "{\"discount_rate\": 0.1}", NULL, room, rows, &err));
    CASE("value: no rate", 1, -1, "discount_rate",
         cam_customer_lifetime_value(purchases, spend, summary, NULL, NULL, room, rows, &err));
    CASE("value: a negative rate", 1, -1, "discount_rate",
         cam_customer_lifetime_value(purchases, spend, summary, "{\"discount_rate\": -0.1}", NULL, room, rows, &err));
    CASE("simulate: design NULL", 1, -1, "design", cam_model_simulate(purchases, NULL, 1, NULL, &table, &err));
    CASE("simulate: a design without T", 3, -1, "T", simulate_from("age", age, purchases, &err));
    CASE("simulate: a negative T", 1, 2, "T", simulate_from("T", negative, purchases, &err));
    CASE("parameters: too few", 3, -1, "4 parameters", cam_model_from_parameters("bg_nbd", age, 3, NULL, &model, &err));
    CASE("parameters: negative", 1, -1, "b", cam_model_from_parameters("bg_nbd", given, 4, NULL, &model, &err));
    CASE("parameters: NaN", 1, -1, "alpha", cam_model_from_parameters("bg_nbd", nan_given, 4, NULL, &model, &err));
    CASE("parameters: NULL", 1, -1, "parameters", cam_model_from_parameters("bg_nbd", NULL, 4, NULL, &model, &err));
    CASE("standard errors: given, not estimated", 9, -1, NULL, cam_model_standard_errors(fixed, out, 16, &err));
    CASE("log-likelihood: given, not estimated", 9, -1, NULL, cam_model_log_likelihood(fixed, out, &err));
    CASE("covariance: no room", 3, -1, "16", cam_model_covariance(purchases, out, 15, &err));
    CASE("intervals: a level of 1.5", 1, -1, "level", cam_model_confidence_intervals(purchases, 1.5, out, 16, &err));
    cam_table_free(days);
    cam_model_free(fixed);
    free(room);
}

#define DOCUMENT(format, schema, model, parameters) \
    "{\"format\":\"" format "\",\"schema\":" schema ",\"model\":\"" model "\",\"unit\":null,\"parameters\":{" parameters "},\"fit\":null}"

static void bad_documents(void)
{
    CASE("document: NULL", 1, -1, "json", cam_model_from_json(NULL, &model, &err));
    CASE("document: empty", 5, -1, "JSON", cam_model_from_json("", &model, &err));
    CASE("document: cut off", 5, -1, "JSON", cam_model_from_json("{\"format\": \"cam.mo", &model, &err));
    CASE("document: a list", 5, -1, "object", cam_model_from_json("[]", &model, &err));
    CASE("document: not ours", 5, -1, "format",
         cam_model_from_json(DOCUMENT("pkl", "1", "gamma_gamma", "\"p\":6.2,\"q\":3.7,\"v\":15.4"), &model, &err));
    CASE("document: of a later version", 5, -1, "schema 99",
         cam_model_from_json(DOCUMENT("cam.model", "99", "gamma_gamma", "\"p\":6.2,\"q\":3.7,\"v\":15.4"), &model, &err));
    CASE("document: a model that is none", 5, -1, "gamma",
         cam_model_from_json(DOCUMENT("cam.model", "1", "gamma", "\"p\":6.2,\"q\":3.7,\"v\":15.4"), &model, &err));
    CASE("document: a parameter is missing", 5, -1, "v",
         cam_model_from_json(DOCUMENT("cam.model", "1", "gamma_gamma", "\"p\":6.2,\"q\":3.7"), &model, &err));
    CASE("document: a parameter too many", 5, -1, "w",
         cam_model_from_json(DOCUMENT("cam.model", "1", "gamma_gamma", "\"p\":6.2,\"q\":3.7,\"v\":15.4,\"w\":1"), &model, &err));
    CASE("document: a negative parameter", 5, -1, "q",
         cam_model_from_json(DOCUMENT("cam.model", "1", "gamma_gamma", "\"p\":6.2,\"q\":-3.7,\"v\":15.4"), &model, &err));
    CASE("document: not UTF-8", 1, -1, "UTF-8", cam_model_from_json("{\"format\": \"\xc3\x28\"}", &model, &err));
}

/* Summarize three rows. */
static int32_t summarize(const double *times, const double *amounts, const char *options, cam_error **err)
{
    static const int64_t keys[] = {1, 1, 2};
    cam_log *log = NULL;
    int32_t status;
    MUST(cam_log_new(&log, &error));
    MUST(cam_log_set_keys_int64(log, keys, 3, &error));
    MUST(cam_log_set_times_numbers(log, times, 3, &error));
    if (amounts != NULL) {
        MUST(cam_log_set_amounts(log, amounts, 3, &error));
    }
    status = cam_summarize(log, options, NULL, &table, err);
    cam_log_free(log);
    return status;
}

static void bad_logs(void)
{
    static const double times[] = {0, 10, 3}, no_time[] = {0, NAN, 3};
    static const double paid[] = {5, 6, 7}, nan_paid[] = {5, 6, NAN}, much_paid[] = {5, 1e300, 7}, inf_paid[] = {INFINITY, 6, 7},
                        refund[] = {5, 6, -7};
    static const int32_t days[] = {0, 1, 2}, missing_days[] = {0, INT32_MIN, 2}, offsets[] = {0, 3, 6, 8}, falling[] = {0, 3, 2, 8};
    static const int64_t ids[] = {1, 2, 3};
    static const char *const dates[] = {"1997-01-01", "1997-02-29", "1997-03-01"}, *const names[] = {"ann", "", "bob"},
                             *const latin[] = {"ann", "bob", "Zo\xeb"}, *const hole[] = {"ann", NULL, "bob"};
    cam_log *log = NULL;
    cam_summary_builder *one = NULL, *two = NULL;
    static const uint8_t junk[] = "{\"format\": \"cam.model\"}", later[28] = "cam.part\2";
    struct ArrowArrayStream released = {NULL, NULL, NULL, NULL, NULL};
    CASE("summary: NaN in times", 2, 1, "time", summarize(no_time, paid, NULL, &err));
    CASE("summary: NaN in amounts", 2, 2, "amount", summarize(times, nan_paid, NULL, &err));
    CASE("summary: an infinite amount", 2, 0, "amount", summarize(times, inf_paid, NULL, &err));
    CASE("summary: an amount of 1e300", 2, 1, "1e290", summarize(times, much_paid, NULL, &err));
    CASE("summary: a refund where none may be", 2, 2, "-7", summarize(times, refund, "{\"refunds\": \"error\"}", &err));
    CASE("summary: a rule that is none", 4, -1, "net", summarize(times, paid, "{\"refunds\": \"ignore\"}", &err));
    CASE("summary: an option that is none", 4, -1, "units", summarize(times, paid, "{\"units\": \"W\"}", &err));
    CASE("summary: a unit that is none", 4, -1, "parsec", summarize(times, paid, "{\"unit\": \"parsec\"}", &err));
    CASE("summary: an unreadable end", 2, -1, "today", summarize(times, paid, "{\"observation_end\": \"today\"}", &err));
    CASE("summary: ends before it begins", 6, -1, NULL, summarize(times, paid, "{\"observation_end\": -5}", &err));
    CASE("split: calibration ends after the end", 1, -1, "calibration",
         summarize(times, paid, "{\"calibration_end\": 11, \"observation_end\": 10}", &err));

    CASE("log: out NULL", 1, -1, "out", cam_log_new(NULL, &err));
    CASE("log: log NULL", 1, -1, "log", cam_log_set_keys_int64(NULL, ids, 3, &err));
    MUST(cam_log_new(&log, &error));
    CASE("log: no keys", 3, -1, "customer", cam_summarize(log, NULL, NULL, &table, &err));
    CASE("log: keys NULL", 1, -1, "keys", cam_log_set_keys_int64(log, NULL, 3, &err));
    CASE("log: a key is NULL", 2, 1, "NULL", cam_log_set_keys_strings(log, hole, 3, &err));
    CASE("log: a key is not UTF-8", 2, 2, "UTF-8", cam_log_set_keys_strings(log, latin, 3, &err));
    CASE("log: a date that no month has", 2, 1, "1997-02-29", cam_log_set_times_strings(log, dates, 3, &err));
    CASE("log: a tick that is none", 4, -1, "minutes", cam_log_set_times_timestamps(log, ids, 3, "minutes", &err));
    MUST(cam_log_set_keys_int64(log, ids, 3, &error));
    CASE("log: no times", 3, -1, "time", cam_summarize(log, NULL, NULL, &table, &err));
    MUST(cam_log_set_times_days(log, days, 2, &error));
    CASE("log: unequal lengths", 3, -1, "time has 2", cam_summarize(log, NULL, NULL, &table, &err));
    MUST(cam_log_set_times_days(log, missing_days, 3, &error));
    CASE("log: a time is missing", 2, 1, "missing", cam_summarize(log, NULL, NULL, &table, &err));
    MUST(cam_log_set_times_days(log, days, 3, &error));
    MUST(cam_log_set_keys_strings(log, names, 3, &error));
    CASE("log: a key is empty", 2, 1, "missing", cam_summarize(log, NULL, NULL, &table, &err));
    MUST(cam_log_set_keys_utf8(log, falling, "annboblu", 8, 3, &error));
    CASE("log: offsets that fall", 3, 1, "offsets", cam_summarize(log, NULL, NULL, &table, &err));
    MUST(cam_log_set_keys_utf8(log, offsets, "annboblu", 7, 3, &error));
    CASE("log: offsets beyond the texts", 3, 2, "7 bytes", cam_summarize(log, NULL, NULL, &table, &err));

    CASE("builder: bad options", 1, -1, "options", cam_summary_builder_new("[1]", &builder, &err));
    MUST(cam_summary_builder_new(NULL, &one, &error));
    MUST(cam_summary_builder_new("{\"unit\": \"W\"}", &two, &error));
    CASE("builder: nothing in it", 6, -1, "no rows", cam_summary_builder_finish(one, NULL, &table, &err));
    CASE("builder: merged with itself", 1, -1, "other", cam_summary_builder_merge(one, one, &err));
    CASE("builder: merged with other options", 1, -1, "options", cam_summary_builder_merge(one, two, &err));
    MUST(cam_log_set_keys_int64(log, ids, 3, &error));
    MUST(cam_summary_builder_push(one, log, NULL, &error));
    MUST(cam_log_set_keys_utf8(log, offsets, "annboblu", 8, 3, &error));
    CASE("builder: integers, then texts", 3, -1, "keys", cam_summary_builder_push(one, log, NULL, &err));
    CASE("builder: bytes of NULL", 1, -1, "builder", cam_summary_builder_to_bytes(NULL, &bytes, &err));
    CASE("builder: bytes to NULL", 1, -1, "out", cam_summary_builder_to_bytes(one, NULL, &err));
    CASE("builder: from NULL", 1, -1, "bytes", cam_summary_builder_from_bytes(NULL, 3, &builder, &err));
    CASE("builder: from bytes, out NULL", 1, -1, "out", cam_summary_builder_from_bytes(junk, 3, NULL, &err));
    CASE("builder: from no bytes", 5, -1, "partial summary", cam_summary_builder_from_bytes(NULL, 0, &builder, &err));
    CASE("builder: from bytes without end", 3, -1, "bytes", cam_summary_builder_from_bytes(junk, SIZE_MAX, &builder, &err));
    CASE("builder: from bytes that are none of ours", 5, -1, "cam.part",
         cam_summary_builder_from_bytes(junk, sizeof junk, &builder, &err));
    CASE("builder: from bytes of a later version", 5, -1, "version 2",
         cam_summary_builder_from_bytes(later, sizeof later, &builder, &err));
    CASE("builder: stream NULL", 1, -1, "stream", cam_summary_builder_push_arrow(one, NULL, "a", "b", NULL, NULL, &err));
    CASE("table: a stream that was released", 1, -1, "released", cam_table_from_arrow(&released, NULL, &table, &err));
    CLAIM(cam_summary_builder_rows(one) == 3 && bytes == NULL);
    cam_summary_builder_free(one);
    cam_summary_builder_free(two);
    cam_log_free(log);
}

static void bad_calls(void)
{
    cam_control *control = NULL;
    MUST(cam_control_new(&control, &error));
    CASE("threads: minus one", 1, -1, "threads", cam_control_set_threads(control, (uint32_t)-1, &err));
    CASE("threads: control NULL", 1, -1, "control", cam_control_set_threads(NULL, 1, &err));
    CASE("models: out NULL", 1, -1, "out", cam_models_json(NULL, &err));
    CASE("a deliberate panic", 99, -1, "deliberate", cam_debug_panic(&err));
    cam_control_free(control);

    /* Nobody has to take the error; freeing or asking NULL is harmless. */
    CLAIM(cam_debug_panic(NULL) == 99);
    CLAIM(cam_model_fit(NULL, NULL, NULL, NULL, NULL, NULL) == 1);
    cam_error_free(NULL);
    cam_string_free(NULL);
    cam_bytes_free(NULL);
    cam_control_free(NULL);
    cam_control_cancel(NULL);
    cam_control_reset(NULL);
    cam_log_free(NULL);
    cam_table_free(NULL);
    cam_summary_builder_free(NULL);
    cam_model_free(NULL);
    CLAIM(cam_table_rows(NULL) == 0 && cam_table_column_count(NULL) == 0 && cam_table_column_name(NULL, 0) == NULL);
    CLAIM(cam_table_unit(NULL) == NULL && cam_table_keys_kind(NULL) == CAM_KEYS_NONE && cam_table_keys_text_bytes(NULL) == 0);
    CLAIM(cam_model_converged(NULL) == 0 && cam_model_parameter_count(NULL) == 0 && cam_model_unit(NULL) == NULL);
    CLAIM(cam_string_length(NULL) == 0 && strcmp(cam_string_data(NULL), "") == 0 && strcmp(cam_model_id(NULL), "") == 0);
    CLAIM(cam_bytes_length(NULL) == 0 && cam_bytes_data(NULL) == NULL && cam_summary_builder_rows(NULL) == 0);
    CLAIM(cam_error_code(NULL) == 0 && cam_error_row(NULL) == -1 && cam_error_field(NULL) == NULL);
}

void bad_input(const cam_table *summary, const cam_model *purchases, const cam_model *spend)
{
    printf("bad input: case, status, kind, message\n");
    out[0] = UNTOUCHED;
    bad_pointers_and_columns(summary);
    bad_rows();
    bad_questions(summary, purchases, spend);
    bad_documents();
    bad_logs();
    bad_calls();
    printf("  %d cases\n", cases);
}
