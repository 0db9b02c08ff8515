package cam;

import com.sun.jna.Callback;
import com.sun.jna.IntegerType;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;

/** The entries of the C library, as cam_ffi.h declares them. */
interface Library extends com.sun.jna.Library {
    /** {@code size_t}. */
    final class Size extends IntegerType {
        private static final long serialVersionUID = 1L;

        public Size() {
            this(0);
        }

        Size(long value) {
            super(Native.SIZE_T_SIZE, value, true);
        }
    }

    /** {@code cam_progress_fn}. */
    interface ProgressCallback extends Callback {
        int invoke(String stage, long done, long total, double value, Pointer userData);
    }

    int cam_abi_version();

    String cam_version();

    int cam_error_code(Pointer error);

    String cam_error_message(Pointer error);

    String cam_error_kind(Pointer error);

    long cam_error_row(Pointer error);

    String cam_error_field(Pointer error);

    void cam_error_free(Pointer error);

    Pointer cam_string_data(Pointer string);

    Size cam_string_length(Pointer string);

    void cam_string_free(Pointer string);

    Pointer cam_bytes_data(Pointer bytes);

    Size cam_bytes_length(Pointer bytes);

    void cam_bytes_free(Pointer bytes);

    int cam_control_new(PointerByReference out, PointerByReference error);

    int cam_control_set_threads(Pointer control, int threads, PointerByReference error);

    int cam_control_set_progress(Pointer control, ProgressCallback callback, Pointer userData, PointerByReference error);

    void cam_control_cancel(Pointer control);

    void cam_control_reset(Pointer control);

    void cam_control_free(Pointer control);

    int cam_log_new(PointerByReference out, PointerByReference error);

    int cam_log_set_keys_int64(Pointer log, Pointer keys, Size length, PointerByReference error);

    int cam_log_set_keys_large_utf8(
            Pointer log, Pointer offsets, Pointer bytes, Size byteCount, Size length, PointerByReference error);

    int cam_log_set_times_days(Pointer log, Pointer days, Size length, PointerByReference error);

    int cam_log_set_times_timestamps(Pointer log, Pointer ticks, Size length, String tick, PointerByReference error);

    int cam_log_set_times_numbers(Pointer log, Pointer numbers, Size length, PointerByReference error);

    int cam_log_set_times_strings(Pointer log, Pointer times, Size length, PointerByReference error);

    int cam_log_set_amounts(Pointer log, Pointer amounts, Size length, PointerByReference error);

    void cam_log_free(Pointer log);

    int cam_summarize(Pointer log, String options, Pointer control, PointerByReference out, PointerByReference error);

    int cam_summary_builder_new(String options, PointerByReference out, PointerByReference error);

    int cam_summary_builder_push(Pointer builder, Pointer log, Pointer control, PointerByReference error);

    int cam_summary_builder_merge(Pointer builder, Pointer other, PointerByReference error);

    int cam_summary_builder_to_bytes(Pointer builder, PointerByReference out, PointerByReference error);

    int cam_summary_builder_from_bytes(byte[] bytes, Size length, PointerByReference out, PointerByReference error);

    long cam_summary_builder_rows(Pointer builder);

    int cam_summary_builder_finish(Pointer builder, Pointer control, PointerByReference out, PointerByReference error);

    void cam_summary_builder_free(Pointer builder);

    int cam_table_from_columns(
            Pointer columns, Size count, String unit, PointerByReference out, PointerByReference error);

    Size cam_table_rows(Pointer table);

    Size cam_table_column_count(Pointer table);

    String cam_table_column_name(Pointer table, Size index);

    String cam_table_unit(Pointer table);

    int cam_table_column(Pointer table, String name, double[] out, Size capacity, PointerByReference error);

    int cam_table_keys_kind(Pointer table);

    int cam_table_keys_int64(Pointer table, long[] out, Size capacity, PointerByReference error);

    Size cam_table_keys_text_bytes(Pointer table);

    int cam_table_keys_text(
            Pointer table, long[] offsets, Size offsetsCapacity, byte[] bytes, Size bytesCapacity, PointerByReference error);

    int cam_table_about_json(Pointer table, PointerByReference out, PointerByReference error);

    void cam_table_free(Pointer table);

    int cam_models_json(PointerByReference out, PointerByReference error);

    int cam_model_fit(
            String model, Pointer table, String options, Pointer control, PointerByReference out, PointerByReference error);

    int cam_model_from_parameters(
            String model, double[] parameters, Size count, String unit, PointerByReference out, PointerByReference error);

    int cam_model_from_json(String json, PointerByReference out, PointerByReference error);

    int cam_model_to_json(Pointer model, PointerByReference out, PointerByReference error);

    String cam_model_id(Pointer model);

    String cam_model_unit(Pointer model);

    Size cam_model_parameter_count(Pointer model);

    String cam_model_parameter_name(Pointer model, Size index);

    int cam_model_parameters(Pointer model, double[] out, Size capacity, PointerByReference error);

    int cam_model_standard_errors(Pointer model, double[] out, Size capacity, PointerByReference error);

    int cam_model_covariance(Pointer model, double[] out, Size capacity, PointerByReference error);

    int cam_model_confidence_intervals(
            Pointer model, double level, double[] out, Size capacity, PointerByReference error);

    int cam_model_log_likelihood(Pointer model, double[] out, PointerByReference error);

    int cam_model_converged(Pointer model);

    int cam_model_fit_json(Pointer model, PointerByReference out, PointerByReference error);

    void cam_model_free(Pointer model);

    int cam_model_score(
            Pointer model,
            String quantity,
            Pointer table,
            Pointer control,
            double[] out,
            Size capacity,
            PointerByReference error);

    int cam_model_new_customer(Pointer model, String quantity, double[] out, PointerByReference error);

    int cam_customer_lifetime_value(
            Pointer purchases,
            Pointer spend,
            Pointer table,
            String options,
            Pointer control,
            double[] out,
            Size capacity,
            PointerByReference error);

    int cam_model_simulate(
            Pointer model, Pointer design, long seed, Pointer control, PointerByReference out, PointerByReference error);

    int cam_tasks_json(PointerByReference out, PointerByReference error);

    int cam_run(
            String task,
            Pointer table,
            Pointer[] models,
            Size modelCount,
            String options,
            Pointer control,
            PointerByReference out,
            PointerByReference error);

    Pointer cam_answer_json(Pointer answer);

    Size cam_answer_column_count(Pointer answer);

    String cam_answer_column_name(Pointer answer, Size index);

    Size cam_answer_column_length(Pointer answer, Size index);

    int cam_answer_column(Pointer answer, String name, double[] out, Size capacity, PointerByReference error);

    void cam_answer_free(Pointer answer);
}
