/* Tasks by name: what there is, one that is done, and what a bad call is told. */
#include "test_cam.h"

#include <math.h>
#include <string.h>

static cam_answer *answer_of(const char *task, const cam_table *table, const char *options)
{
    cam_answer *answer = NULL;
    MUST(cam_run(task, table, NULL, 0, options, NULL, &answer, &error));
    return answer;
}

static void fails(const char *task, const cam_table *table, const char *options, int32_t status, const char *part)
{
    cam_answer *answer = NULL;
    CLAIM(cam_run(task, table, NULL, 0, options, NULL, &answer, &error) == status);
    CLAIM(answer == NULL && strstr(cam_error_message(error), part) != NULL);
    cam_error_free(error);
    error = NULL;
}

static void a_task_is_done_by_its_name(const cam_table *summary)
{
    cam_answer *answer = answer_of("spend_independence", summary, NULL);
    const char *pearson = strstr(cam_answer_json(answer), "\"pearson\":");
    double none;
    CLAIM(pearson != NULL && fabs(strtod(pearson + 10, NULL) - .114) < 5e-4);
    CLAIM(strstr(cam_answer_json(answer), "\"contradicted\":false") != NULL);
    CLAIM(cam_answer_column_count(answer) == 0 && cam_answer_column_name(answer, 0) == NULL);
    CLAIM(cam_answer_column_length(answer, 0) == 0);
    CLAIM(cam_answer_column(answer, "none", &none, 1, NULL) == CAM_UNKNOWN_NAME);
    cam_answer_free(answer);
}

/* A sampler's posterior goes back in as it came out, and columns are read by name. */
static void a_posterior_is_drawn_and_asked(const cam_table *summary)
{
    static const char *const sample = "{\"draws\": 10, \"burn_in\": 20, \"chains\": 2}";
    cam_answer *sampled = answer_of("pareto_nbd_hb", summary, sample), *again = answer_of("pareto_nbd_hb", summary, sample);
    const char *json = cam_answer_json(sampled), *end = strstr(json, ",\"summary\"");
    size_t rows = cam_table_rows(summary), start = strlen("{\"posterior\":"), i, inside = 0;
    char *ask = malloc(strlen(json) + 100);
    double *alive = malloc(rows * sizeof *alive);
    cam_answer *answer;
    CLAIM(strcmp(json, cam_answer_json(again)) == 0);
    CLAIM(strncmp(json, "{\"posterior\":", start) == 0 && end != NULL);
    sprintf(ask, "{\"posterior\": %.*s, \"horizon\": 39}", (int)((size_t)(end - json) - start), json + start);
    answer = answer_of("posterior_predict", summary, ask);
    CLAIM(cam_answer_column_count(answer) == 7);
    CLAIM(strcmp(cam_answer_column_name(answer, 2), "probability_alive") == 0);
    CLAIM(cam_answer_column_length(answer, 2) == rows);
    CLAIM(cam_answer_column(answer, "probability_alive", alive, rows - 1, NULL) == CAM_INVALID_SHAPE);
    MUST(cam_answer_column(answer, "probability_alive", alive, rows, &error));
    for (i = 0; i < rows; i++) {
        inside += alive[i] > 0 && alive[i] <= 1;
    }
    CLAIM(inside == rows);
    cam_answer_free(answer);
    cam_answer_free(again);
    cam_answer_free(sampled);
    free(alive);
    free(ask);
}

/* Two customers, of January and of February 1970. */
static void a_cohort_table_is_made_of_columns(void)
{
    static const char *const names[] = {"customer", "time", "amount"};
    static const double customer[] = {1, 2, 1, 1}, time[] = {3, 40, 35, 36}, amount[] = {20, 10, 40, -5}, half[] = {1, 2, 1.5, 1};
    const double *values[3];
    cam_table *log;
    cam_answer *answer;
    double retention[3], revenue[3];
    values[0] = customer;
    values[1] = time;
    values[2] = amount;
    log = table_of(4, NULL, 3, names, values);
    answer = answer_of("cohort_table", log, "{\"amount\": \"amount\"}");
    CLAIM(strcmp(cam_answer_json(answer), "{\"cohorts\":2,\"customers\":2}") == 0);
    CLAIM(cam_answer_column_count(answer) == 9 && cam_answer_column_length(answer, 0) == 3);
    MUST(cam_answer_column(answer, "retention", retention, 3, &error));
    MUST(cam_answer_column(answer, "revenue", revenue, 3, &error));
    CLAIM(retention[0] == 1 && retention[1] == 1 && retention[2] == 1);
    CLAIM(revenue[0] == 20 && revenue[1] == 35 && revenue[2] == 10);
    fails("cohort_table", log, "{\"step\": \"none\"}", CAM_INVALID_PARAMETER, "periods that last");
    fails("cohort_table", NULL, NULL, CAM_INVALID_SHAPE, "customer");
    cam_answer_free(answer);
    cam_table_free(log);
    values[0] = half;
    log = table_of(4, NULL, 3, names, values);
    fails("cohort_table", log, NULL, CAM_INVALID_DATA, "row 2: customer must be a whole number");
    cam_table_free(log);
}

static void a_bad_call_is_told_what_there_is(const cam_table *summary, const cam_model *model)
{
    const cam_model *models[2];
    cam_answer *answer = NULL;
    models[0] = model;
    models[1] = NULL;
    fails("spend", summary, NULL, CAM_UNKNOWN_NAME, "spend_independence");
    fails(NULL, summary, NULL, CAM_INVALID_PARAMETER, "task");
    fails("spend_independence", NULL, NULL, CAM_INVALID_SHAPE, "frequency");
    fails("spend_independence", summary, "{\"by\": 1}", CAM_UNKNOWN_NAME, "by");
    fails("spend_independence", summary, "{", CAM_INVALID_PARAMETER, "options");
    CLAIM(cam_run("spend_independence", summary, models, 2, NULL, NULL, &answer, NULL) == CAM_INVALID_PARAMETER);
    CLAIM(cam_run("spend_independence", summary, NULL, 2, NULL, NULL, &answer, NULL) == CAM_INVALID_PARAMETER);
    CLAIM(cam_run("spend_independence", summary, NULL, 0, NULL, NULL, NULL, NULL) == CAM_INVALID_PARAMETER);
    CLAIM(answer == NULL);
    cam_answer_free(NULL);
    CLAIM(strcmp(cam_answer_json(NULL), "") == 0 && cam_answer_column_count(NULL) == 0);
    CLAIM(cam_answer_column_length(NULL, 0) == 0 && cam_answer_column_name(NULL, 0) == NULL);
}

static void a_task_can_be_stopped(const cam_table *summary)
{
    cam_control *control = NULL;
    cam_answer *answer = NULL;
    MUST(cam_control_new(&control, &error));
    cam_control_cancel(control);
    CLAIM(cam_run("spend_independence", summary, NULL, 0, NULL, control, &answer, NULL) == CAM_INTERRUPTED);
    CLAIM(answer == NULL);
    cam_control_free(control);
}

void tasks(const cam_table *summary, const cam_model *model)
{
    cam_string *json = NULL;
    MUST(cam_tasks_json(&json, &error));
    CLAIM(strstr(cam_string_data(json), "\"id\":\"spend_independence\"") != NULL);
    cam_string_free(json);
    a_task_is_done_by_its_name(summary);
    a_posterior_is_drawn_and_asked(summary);
    a_cohort_table_is_made_of_columns();
    a_bad_call_is_told_what_there_is(summary, model);
    a_task_can_be_stopped(summary);
}
