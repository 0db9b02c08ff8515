/*
 * cam: customers as assets. The C interface.
 *
 * The contract, for every entry:
 *
 * - A handle comes from this library and is freed by its own cam_x_free, once; freeing NULL does nothing. const cam_x * may be shared
 *   by any number of threads; cam_x * is exclusive.
 * - A fallible call returns a status, 0 for success, and takes cam_error **err last; NULL is allowed there. *err is written
 *   on failure only, all other outputs on success only.
 * - Buffers belong to the caller. A capacity is counted in values and may be larger than needed.
 * - Texts are NUL-terminated UTF-8. What chooses (a model, a quantity, a unit) is a text, and options are JSON.
 * - Panics do not cross: they become CAM_INTERNAL.
 *
 * Nothing runs before the first call, nothing is global, and no thread outlives a call; so a process may fork.
 */

#ifndef CAM_FFI_H
#define CAM_FFI_H

/* Written by cbindgen from cam-ffi/src. Do not edit: CAM_WRITE_HEADER=1 cargo test -p cam-ffi writes it anew. */

#include <stddef.h>
#include <stdint.h>

/* The Arrow C stream interface; see https://arrow.apache.org/docs/format/CStreamInterface.html. */
struct ArrowArrayStream;

/**
 * The version of the binary interface that this header describes; compare with cam_abi_version().
 */
#define CAM_ABI_VERSION 0

/**
 * Success.
 */
#define CAM_OK 0

/**
 * A parameter, option or argument lies outside its domain.
 */
#define CAM_INVALID_PARAMETER 1

/**
 * A row of the data breaks a rule; cam_error_row says which row.
 */
#define CAM_INVALID_DATA 2

/**
 * Columns are missing, empty, of unequal length or of the wrong type; or a buffer is too small.
 */
#define CAM_INVALID_SHAPE 3

/**
 * No model, quantity, column, unit or option of that name.
 */
#define CAM_UNKNOWN_NAME 4

/**
 * A stored document cannot be read: not JSON, not ours, or of a later version.
 */
#define CAM_INVALID_DOCUMENT 5

/**
 * The data are well formed, but too few or too uniform for the model to be estimated.
 */
#define CAM_NOT_ENOUGH_DATA 6

/**
 * A computation left the range in which it can be carried out.
 */
#define CAM_NUMERICAL 7

/**
 * The caller asked for the work to stop.
 */
#define CAM_INTERRUPTED 8

/**
 * The model does not define what was asked of it.
 */
#define CAM_UNSUPPORTED 9

/**
 * A defect in cam itself: a panic that was caught.
 */
#define CAM_INTERNAL 99

/**
 * The table has no keys.
 */
#define CAM_KEYS_NONE 0

/**
 * The keys are integers; see cam_table_keys_int64.
 */
#define CAM_KEYS_INT64 1

/**
 * The keys are texts; see cam_table_keys_text.
 */
#define CAM_KEYS_TEXT 2

/**
 * What a task gave: a JSON object, and named columns of doubles. Immutable; free with cam_answer_free.
 */
typedef struct cam_answer cam_answer;

/**
 * Bytes that the library hands out; immutable, and with NULs among them. Free with cam_bytes_free.
 */
typedef struct cam_bytes cam_bytes;

/**
 * How a long call is run: on how many threads, who is told of its progress, and how it is stopped. Wherever one is taken, NULL means
 * all processors, no report, no stopping. May be used for several calls, also at once. Free with cam_control_free.
 */
typedef struct cam_control cam_control;

/**
 * What went wrong in a call that returned a status other than CAM_OK. Immutable; free with cam_error_free.
 */
typedef struct cam_error cam_error;

/**
 * A transaction log in the making: a key, a time and perhaps an amount per row, in any order of rows. Arrays of numbers are not
 * copied: they must stay where they are, unchanged, until the log is freed or the column set anew. Texts are copied. Free with
 * cam_log_free.
 */
typedef struct cam_log cam_log;

/**
 * A model: its parameters, the unit of its times, and what the fit found out where it comes from data. Immutable: any number of threads
 * may use one at the same time. Free with cam_model_free.
 */
typedef struct cam_model cam_model;

/**
 * A text that the library hands out: UTF-8, NUL-terminated, immutable. Free with cam_string_free.
 */
typedef struct cam_string cam_string;

/**
 * A summary in the making, fed with batches of rows in any order: the log need not fit into memory. Not for use by two threads at
 * once; but several can be filled side by side and merged. Free with cam_summary_builder_free.
 */
typedef struct cam_summary_builder cam_summary_builder;

/**
 * Named columns of doubles of equal length, immutable: a summary of a transaction log, with the keys of the customers; columns of the
 * caller; columns from Arrow; or the result of a simulation. Free with cam_table_free.
 */
typedef struct cam_table cam_table;

/**
 * Called after every step of a long call: what is being done, steps done, steps in all (0 where not known), the figure to watch
 * (for a fit the mean log-likelihood), and the pointer given to cam_control_set_progress. Returns 0 to go on; anything else
 * stops the call with CAM_INTERRUPTED.
 */
typedef int32_t (*cam_progress_fn)(const char *stage,
                                   uint64_t done,
                                   uint64_t total,
                                   double value,
                                   void *user_data);

/**
 * One column of doubles that belongs to the caller.
 */
typedef struct cam_column {
    /**
     * Its name, UTF-8.
     */
    const char *name;
    /**
     * The first value; may be NULL where length is 0.
     */
    const double *values;
    /**
     * The number of values.
     */
    size_t length;
    /**
     * Bytes from one value to the next: a multiple of 8. 0 is the same as 8: values lie side by side.
     */
    size_t stride;
} cam_column;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the binary interface of the library that is loaded: equal to CAM_ABI_VERSION, or header and library do not match.
 */
uint32_t cam_abi_version(void);

/**
 * The version of the library, such as "0.1.0". Lives for ever.
 */
const char *cam_version(void);

/**
 * A table of the number columns of an Arrow C stream; columns of other types are left aside, and a null becomes NaN. The values are
 * copied. The stream is used up: it is released here, whatever the status. `unit` as for cam_table_from_columns.
 */
int32_t cam_table_from_arrow(struct ArrowArrayStream *stream,
                             const char *unit,
                             struct cam_table **out,
                             struct cam_error **err);

/**
 * The first byte; lives as long as the handle. NULL for NULL.
 */
const uint8_t *cam_bytes_data(const struct cam_bytes *bytes);

/**
 * The number of bytes. 0 for NULL.
 */
size_t cam_bytes_length(const struct cam_bytes *bytes);

/**
 * Free the bytes. NULL is allowed.
 */
void cam_bytes_free(struct cam_bytes *bytes);

/**
 * A control with the defaults.
 */
int32_t cam_control_new(struct cam_control **out,
                        struct cam_error **err);

/**
 * Use this many threads, at most 1024; 0 means one per processor. Any number gives the same bits.
 */
int32_t cam_control_set_threads(struct cam_control *control,
                                uint32_t threads,
                                struct cam_error **err);

/**
 * Call `callback` with `user_data` after every step; NULL: no report. It may be called from any thread, but must not call
 * longjmp or throw.
 */
int32_t cam_control_set_progress(struct cam_control *control,
                                 cam_progress_fn callback,
                                 void *user_data,
                                 struct cam_error **err);

/**
 * Stop the calls that run with this control, and all later ones, with CAM_INTERRUPTED: may be called from another thread or from a
 * signal handler. NULL is allowed.
 */
void cam_control_cancel(const struct cam_control *control);

/**
 * Take a cancellation back, so that the control can be used again. NULL is allowed.
 */
void cam_control_reset(const struct cam_control *control);

/**
 * Free a control; no call may still be running with it. NULL is allowed.
 */
void cam_control_free(struct cam_control *control);

/**
 * The status code: the same number that the call returned. 0 for NULL.
 */
int32_t cam_error_code(const struct cam_error *error);

/**
 * One sentence: where, which rule, what was got. UTF-8; lives as long as the error. "" for NULL.
 */
const char *cam_error_message(const struct cam_error *error);

/**
 * The kind as a short stable name, such as "invalid_data"; lives as long as the error. "" for NULL.
 */
const char *cam_error_kind(const struct cam_error *error);

/**
 * The row of the data concerned, counted from 0; -1 where there is none.
 */
int64_t cam_error_row(const struct cam_error *error);

/**
 * The column, parameter, option or argument concerned; NULL where there is none. Lives as long as the error.
 */
const char *cam_error_field(const struct cam_error *error);

/**
 * Free an error. NULL is allowed.
 */
void cam_error_free(struct cam_error *error);

/**
 * A log without columns.
 */
int32_t cam_log_new(struct cam_log **out,
                    struct cam_error **err);

/**
 * Whose transaction each row is: integers.
 */
int32_t cam_log_set_keys_int64(struct cam_log *log,
                               const int64_t *keys,
                               size_t length,
                               struct cam_error **err);

/**
 * Whose transaction each row is: NUL-terminated UTF-8 texts. They are copied.
 */
int32_t cam_log_set_keys_strings(struct cam_log *log,
                                 const char *const *keys,
                                 size_t length,
                                 struct cam_error **err);

/**
 * Whose transaction each row is: UTF-8 texts, one after the other, with `length + 1` offsets into them, as Arrow's utf8 lays them out.
 */
int32_t cam_log_set_keys_utf8(struct cam_log *log,
                              const int32_t *offsets,
                              const char *bytes,
                              size_t byte_count,
                              size_t length,
                              struct cam_error **err);

/**
 * The same with 64-bit offsets, as Arrow's large_utf8 lays them out.
 */
int32_t cam_log_set_keys_large_utf8(struct cam_log *log,
                                    const int64_t *offsets,
                                    const char *bytes,
                                    size_t byte_count,
                                    size_t length,
                                    struct cam_error **err);

/**
 * When each transaction was: days since 1970-01-01. INT32_MIN stands for a missing time, which is an error with its row.
 */
int32_t cam_log_set_times_days(struct cam_log *log,
                               const int32_t *days,
                               size_t length,
                               struct cam_error **err);

/**
 * When each transaction was: ticks since 1970-01-01T00:00 UTC; `tick` is "s", "ms", "us" or "ns". INT64_MIN stands for a missing time.
 */
int32_t cam_log_set_times_timestamps(struct cam_log *log,
                                     const int64_t *ticks,
                                     size_t length,
                                     const char *tick,
                                     struct cam_error **err);

/**
 * When each transaction was: numbers, in the unit of the option numbers_in (days). NaN stands for a missing time.
 */
int32_t cam_log_set_times_numbers(struct cam_log *log,
                                  const double *numbers,
                                  size_t length,
                                  struct cam_error **err);

/**
 * When each transaction was: ISO 8601 dates ("1997-01-31", "19970131") or date-times ("1997-01-31T12:30:00Z"). They are read here.
 */
int32_t cam_log_set_times_strings(struct cam_log *log,
                                  const char *const *times,
                                  size_t length,
                                  struct cam_error **err);

/**
 * What was paid in each transaction; negative for a refund. Without amounts there is no monetary_value.
 */
int32_t cam_log_set_amounts(struct cam_log *log,
                            const double *amounts,
                            size_t length,
                            struct cam_error **err);

/**
 * Free a log. NULL is allowed.
 */
void cam_log_free(struct cam_log *log);

/**
 * All models: a JSON array with the id, title, source, parameters, columns, design and quantities of each.
 */
int32_t cam_models_json(struct cam_string **out,
                        struct cam_error **err);

/**
 * Fit a model ("bg_nbd", "pareto_nbd", "gamma_gamma", …; see cam_models_json) by maximum likelihood. The table has the columns of the model
 * and perhaps `weight`. `options` is JSON or NULL: {"start": null, "gradient_tolerance": 1e-11, "max_evaluations": 500,
 * "fixed": {}}. `fixed` holds whole-number parameters that are not to be chosen by likelihood: {"k": 2}.
 *
 * CAM_OK does not mean that the search ended at a maximum: ask cam_model_converged.
 */
int32_t cam_model_fit(const char *model,
                      const struct cam_table *table,
                      const char *options,
                      const struct cam_control *control,
                      struct cam_model **out,
                      struct cam_error **err);

/**
 * The model with these parameters, in the order of cam_models_json. `unit` is the unit of its times, or NULL.
 */
int32_t cam_model_from_parameters(const char *model,
                                  const double *parameters,
                                  size_t parameter_count,
                                  const char *unit,
                                  struct cam_model **out,
                                  struct cam_error **err);

/**
 * Open a document that any of cam's languages wrote.
 */
int32_t cam_model_from_json(const char *json,
                            struct cam_model **out,
                            struct cam_error **err);

/**
 * The model as a JSON document that opens from every language; byte for byte the same from each of them.
 */
int32_t cam_model_to_json(const struct cam_model *model,
                          struct cam_string **out,
                          struct cam_error **err);

/**
 * Which model it is, such as "bg_nbd"; lives as long as the model. "" for NULL.
 */
const char *cam_model_id(const struct cam_model *model);

/**
 * The unit of its times ("day", "week", ...); lives as long as the model. NULL where it is not known.
 */
const char *cam_model_unit(const struct cam_model *model);

/**
 * The number of parameters. 0 for NULL.
 */
size_t cam_model_parameter_count(const struct cam_model *model);

/**
 * The name of a parameter; lives as long as the model. NULL where there is no such parameter.
 */
const char *cam_model_parameter_name(const struct cam_model *model,
                                     size_t index);

/**
 * Copy the parameters, in order.
 */
int32_t cam_model_parameters(const struct cam_model *model,
                             double *out,
                             size_t capacity,
                             struct cam_error **err);

/**
 * Copy the standard errors of the parameters, in order; a whole number, such as the k of bg_cnbd_k, stands last, is chosen, and has none. CAM_UNSUPPORTED where the parameters were given, not estimated;
 * CAM_NUMERICAL where the Hessian is not negative definite.
 */
int32_t cam_model_standard_errors(const struct cam_model *model,
                                  double *out,
                                  size_t capacity,
                                  struct cam_error **err);

/**
 * Copy the covariance matrix of the parameters, row by row: as many rows as there are standard errors. Errors as for cam_model_standard_errors.
 */
int32_t cam_model_covariance(const struct cam_model *model,
                             double *out,
                             size_t capacity,
                             struct cam_error **err);

/**
 * Copy confidence intervals at `level`, such as 0.95: for each parameter that has a standard error the lower and the upper end. Errors as for
 * cam_model_standard_errors.
 */
int32_t cam_model_confidence_intervals(const struct cam_model *model,
                                       double level,
                                       double *out,
                                       size_t capacity,
                                       struct cam_error **err);

/**
 * The log-likelihood of the data that the model was fitted to. CAM_UNSUPPORTED where the parameters were given.
 */
int32_t cam_model_log_likelihood(const struct cam_model *model,
                                 double *out,
                                 struct cam_error **err);

/**
 * 1 when the fit ended at a maximum; 0 when not, when the parameters were given, or for NULL. See cam_model_fit_json for the reason.
 */
int32_t cam_model_converged(const struct cam_model *model);

/**
 * What the fit found out, as JSON: log_likelihood, customers, distinct_rows, evaluations, gradient_norm, status, covariance.
 * CAM_UNSUPPORTED where the parameters were given.
 */
int32_t cam_model_fit_json(const struct cam_model *model,
                           struct cam_string **out,
                           struct cam_error **err);

/**
 * Free a model. NULL is allowed.
 */
void cam_model_free(struct cam_model *model);

/**
 * A quantity for every row of a table, into `out`, which has room for `capacity` values. A row with a NaN gives NaN.
 *
 * `quantity` is a name or JSON with arguments: "log_likelihood"; {"quantity": "probability_alive", "after": 0};
 * {"quantity": "expected_purchases", "horizon": 52}; {"quantity": "purchase_probability", "n": 2, "horizon": 52};
 * {"quantity": "discounted_expected_purchases", "continuous_discount_rate": 0.0027} or with "discount_rate" per unit of time, and
 * perhaps a "horizon"; "expected_spend".
 */
int32_t cam_model_score(const struct cam_model *model,
                        const char *quantity,
                        const struct cam_table *table,
                        const struct cam_control *control,
                        double *out,
                        size_t capacity,
                        struct cam_error **err);

/**
 * A quantity for a customer of whom nothing is known but that he or she has just been acquired.
 */
int32_t cam_model_new_customer(const struct cam_model *model,
                               const char *quantity,
                               double *out,
                               struct cam_error **err);

/**
 * The lifetime value of every row of a table, in money: a purchase model, a spend model, and the columns of both. `options` is JSON:
 * {"horizon": 52, "discount_rate": 0.002, "margin": 1}; the rate is per unit of time and must be given; without a horizon the
 * value is for ever.
 */
int32_t cam_customer_lifetime_value(const struct cam_model *purchases,
                                    const struct cam_model *spend,
                                    const struct cam_table *table,
                                    const char *options,
                                    const struct cam_control *control,
                                    double *out,
                                    size_t capacity,
                                    struct cam_error **err);

/**
 * Draw one row for every row of `design`, which has the design columns of the model (see cam_models_json), into a table with the columns
 * of the model. Row i depends on the seed and on i alone.
 */
int32_t cam_model_simulate(const struct cam_model *model,
                           const struct cam_table *design,
                           uint64_t seed,
                           const struct cam_control *control,
                           struct cam_table **out,
                           struct cam_error **err);

/**
 * The text; lives as long as the handle. "" for NULL.
 */
const char *cam_string_data(const struct cam_string *string);

/**
 * The length in bytes, without the terminating NUL. 0 for NULL.
 */
size_t cam_string_length(const struct cam_string *string);

/**
 * Free a text. NULL is allowed.
 */
void cam_string_free(struct cam_string *string);

/**
 * A summary of a log: one row per customer, sorted by key, with the columns frequency, recency, T and, with amounts, monetary_value.
 *
 * `options` is JSON or NULL: {"unit": "D", "numbers_in": "D", "period": "D", "observation_end": "1998-06-30", "calibration_end":
 * "1997-09-30", "include_first_transaction": false, "refunds": "net", "drop_zero_amounts": false, "log_intervals": false,
 * "opportunities": false, "spread": null}. Ends are dates, date-times or numbers. log_intervals adds a column of that name, the sum of the natural logarithms of the
 * intervals between purchases. opportunities counts times in whole periods, for models of discrete time: the unit must be as long as the period. spread "amount" adds
 * monetary_deviation, for normal spend; "log" adds geometric_mean and log_deviation, for log-normal spend. With a calibration_end the table is what was known then, with
 * the columns frequency_holdout and, with amounts, monetary_value_holdout beside it.
 */
int32_t cam_summarize(const struct cam_log *log,
                      const char *options,
                      const struct cam_control *control,
                      struct cam_table **out,
                      struct cam_error **err);

/**
 * An empty builder; `options` as for cam_summarize, without a spread, which takes the whole log at once.
 */
int32_t cam_summary_builder_new(const char *options,
                                struct cam_summary_builder **out,
                                struct cam_error **err);

/**
 * Take in a batch of rows. A batch with a bad row is refused as a whole and leaves the builder as it was; the row is counted within
 * the batch. After CAM_INTERRUPTED the builder cannot be used any more.
 */
int32_t cam_summary_builder_push(struct cam_summary_builder *builder,
                                 const struct cam_log *log,
                                 const struct cam_control *control,
                                 struct cam_error **err);

/**
 * Take in all batches of an Arrow C stream. `customer`, `time` and `amount` name its columns; amount may be NULL. Keys are integers or
 * texts; times date32, date64, timestamps, numbers or texts; amounts numbers. The stream is used up: it is released here,
 * whatever the status. Rows in errors are counted over the whole stream; batches before the bad one have been taken in.
 */
int32_t cam_summary_builder_push_arrow(struct cam_summary_builder *builder,
                                       struct ArrowArrayStream *stream,
                                       const char *customer,
                                       const char *time,
                                       const char *amount,
                                       const struct cam_control *control,
                                       struct cam_error **err);

/**
 * Take over everything that another builder with the same options has seen. The other one stays as it is.
 */
int32_t cam_summary_builder_merge(struct cam_summary_builder *builder,
                                  const struct cam_summary_builder *other,
                                  struct cam_error **err);

/**
 * Write the state of a builder as bytes: to be kept, sent, and merged elsewhere. Any of cam's languages reads them, on any machine, and
 * every machine writes the same.
 */
int32_t cam_summary_builder_to_bytes(const struct cam_summary_builder *builder,
                                     struct cam_bytes **out,
                                     struct cam_error **err);

/**
 * A builder from the bytes that any of cam's languages wrote, with their options, to be fed on or merged. Nothing in them is trusted:
 * CAM_INVALID_DOCUMENT where they are cut off, changed, of a later version or made up. They are copied.
 */
int32_t cam_summary_builder_from_bytes(const uint8_t *bytes,
                                       size_t length,
                                       struct cam_summary_builder **out,
                                       struct cam_error **err);

/**
 * The number of rows taken in. 0 for NULL.
 */
uint64_t cam_summary_builder_rows(const struct cam_summary_builder *builder);

/**
 * The summary of all rows taken in, or the split, as cam_summarize gives it. The builder may be fed on. CAM_UNSUPPORTED for a builder from
 * bytes that has more than one calibration end, which other languages can give it.
 */
int32_t cam_summary_builder_finish(const struct cam_summary_builder *builder,
                                   const struct cam_control *control,
                                   struct cam_table **out,
                                   struct cam_error **err);

/**
 * Free a builder. NULL is allowed.
 */
void cam_summary_builder_free(struct cam_summary_builder *builder);

/**
 * A table of columns that belong to the caller. Nothing is copied: the values must stay where they are, unchanged, until the table is
 * freed (the array of columns itself and the names need not). `unit` is the unit in which times are counted ("D", "W", "M",
 * "Y", "10 days"), or NULL where it is not known.
 */
int32_t cam_table_from_columns(const struct cam_column *columns,
                               size_t column_count,
                               const char *unit,
                               struct cam_table **out,
                               struct cam_error **err);

/**
 * The number of rows. 0 for NULL.
 */
size_t cam_table_rows(const struct cam_table *table);

/**
 * The number of columns. 0 for NULL.
 */
size_t cam_table_column_count(const struct cam_table *table);

/**
 * The name of a column; lives as long as the table. NULL where there is no such column.
 */
const char *cam_table_column_name(const struct cam_table *table,
                                  size_t index);

/**
 * The unit in which times are counted ("day", "week", ...); lives as long as the table. NULL where it is not known.
 */
const char *cam_table_unit(const struct cam_table *table);

/**
 * Copy a column: one value per row into `out`, which has room for `capacity` values.
 */
int32_t cam_table_column(const struct cam_table *table,
                         const char *name,
                         double *out,
                         size_t capacity,
                         struct cam_error **err);

/**
 * What keys the rows have: CAM_KEYS_NONE, CAM_KEYS_INT64 or CAM_KEYS_TEXT.
 */
uint32_t cam_table_keys_kind(const struct cam_table *table);

/**
 * Copy integer keys, one per row.
 */
int32_t cam_table_keys_int64(const struct cam_table *table,
                             int64_t *out,
                             size_t capacity,
                             struct cam_error **err);

/**
 * The bytes that all text keys take together; 0 where there are none.
 */
size_t cam_table_keys_text_bytes(const struct cam_table *table);

/**
 * Copy text keys as Arrow lays them out: `rows + 1` offsets, and the bytes of all keys, one after the other (see
 * cam_table_keys_text_bytes).
 */
int32_t cam_table_keys_text(const struct cam_table *table,
                            int64_t *offsets,
                            size_t offsets_capacity,
                            char *bytes,
                            size_t bytes_capacity,
                            struct cam_error **err);

/**
 * The key of one row in words.
 */
int32_t cam_table_key(const struct cam_table *table,
                      size_t row,
                      struct cam_string **out,
                      struct cam_error **err);

/**
 * What the table is, as JSON: rows, columns, unit; for a summary also observation_end, duration_holdout (of a split), and the
 * report on what was done with each row of the log.
 */
int32_t cam_table_about_json(const struct cam_table *table,
                             struct cam_string **out,
                             struct cam_error **err);

/**
 * Free a table. NULL is allowed.
 */
void cam_table_free(struct cam_table *table);

/**
 * All tasks: a JSON array with the id, title and source of each, the columns that it needs, the models that it takes, its options with their
 * defaults, and the columns of its answer.
 */
int32_t cam_tasks_json(struct cam_string **out,
                       struct cam_error **err);

/**
 * Do a task ("spend_independence", ...; see cam_tasks_json). `table` may be NULL where the task needs none; `models` are as many as
 * `model_count`, in the order that the task asks for; `options` is JSON or NULL.
 */
int32_t cam_run(const char *task,
                const struct cam_table *table,
                const struct cam_model *const *models,
                size_t model_count,
                const char *options,
                const struct cam_control *control,
                struct cam_answer **out,
                struct cam_error **err);

/**
 * The object of the answer as JSON; lives as long as the answer. "" for NULL. A number that is not finite is null.
 */
const char *cam_answer_json(const struct cam_answer *answer);

/**
 * The number of columns. 0 for NULL.
 */
size_t cam_answer_column_count(const struct cam_answer *answer);

/**
 * The name of a column; lives as long as the answer. NULL where there is no such column.
 */
const char *cam_answer_column_name(const struct cam_answer *answer,
                                   size_t index);

/**
 * The number of values of a column, which may differ from one to the next. 0 where there is no such column.
 */
size_t cam_answer_column_length(const struct cam_answer *answer,
                                size_t index);

/**
 * Copy a column into `out`, which has room for `capacity` values.
 */
int32_t cam_answer_column(const struct cam_answer *answer,
                          const char *name,
                          double *out,
                          size_t capacity,
                          struct cam_error **err);

/**
 * Free an answer. NULL is allowed.
 */
void cam_answer_free(struct cam_answer *answer);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CAM_FFI_H */
