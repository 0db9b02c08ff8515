// The same house from C++17: handles as unique_ptr, statuses as exceptions.
//
//     cdnow_cpp LOG.csv
//
// The log has the columns customer_id,date,quantity,amount; customers are read as texts here.
#include <cam_ffi.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T *handle) const { Free(handle); }
};
using Log = std::unique_ptr<cam_log, Deleter<cam_log_free>>;
using Table = std::unique_ptr<cam_table, Deleter<cam_table_free>>;
using Model = std::unique_ptr<cam_model, Deleter<cam_model_free>>;
using Error = std::unique_ptr<cam_error, Deleter<cam_error_free>>;

// Call `entry` with `arguments...` and a place for the error; throw what it says.
template <class Entry, class... Arguments>
void call(Entry entry, Arguments... arguments)
{
    cam_error *raw = nullptr;
    if (entry(arguments..., &raw) != CAM_OK) {
        Error error(raw);
        throw std::runtime_error(cam_error_message(error.get()));
    }
}

// The same for an entry that gives a handle.
template <class Handle, class Entry, class... Arguments>
Handle make(Entry entry, Arguments... arguments)
{
    typename Handle::pointer made = nullptr;
    call(entry, arguments..., &made);
    return Handle(made);
}

int main(int argc, char **argv)
try {
    std::ifstream file(argc == 2 ? argv[1] : "");
    std::string line;
    if (!std::getline(file, line)) throw std::runtime_error("usage: cdnow_cpp LOG.csv");
    std::vector<std::string> customers, dates;
    std::vector<double> amounts;
    while (std::getline(file, line)) {
        std::istringstream fields(line);
        std::string customer, date, quantity, amount;
        std::getline(fields, customer, ',');
        std::getline(fields, date, ',');
        std::getline(fields, quantity, ',');
        std::getline(fields, amount, ',');
        customers.push_back(customer);
        dates.push_back(date);
        amounts.push_back(std::stod(amount));
    }
    auto pointers = [](const std::vector<std::string> &texts) {
        std::vector<const char *> all;
        for (const auto &text : texts) all.push_back(text.c_str());
        return all;
    };
    const auto customer = pointers(customers), date = pointers(dates);

    Log log = make<Log>(cam_log_new);
    call(cam_log_set_keys_strings, log.get(), customer.data(), customer.size());
    call(cam_log_set_times_strings, log.get(), date.data(), date.size());
    call(cam_log_set_amounts, log.get(), amounts.data(), amounts.size());
    const cam_control *const all_processors = nullptr;
    Table summary = make<Table>(cam_summarize, log.get(), R"({"unit": "W", "calibration_end": "1997-09-30"})", all_processors);
    Model model = make<Model>(cam_model_fit, "pareto_nbd", summary.get(), nullptr, all_processors);

    std::vector<double> expected(cam_table_rows(summary.get())), bought(expected.size());
    call(cam_model_score, model.get(), R"({"quantity": "expected_purchases", "horizon": 39})", summary.get(), all_processors,
         expected.data(), expected.size());
    call(cam_table_column, summary.get(), "frequency_holdout", bought.data(), bought.size());
    std::printf("Pareto/NBD, %zu customers: forecast %.3f, actual %.0f\n", expected.size(),
                std::accumulate(expected.begin(), expected.end(), 0.0), std::accumulate(bought.begin(), bought.end(), 0.0));
    try {
        make<Model>(cam_model_fit, "pareto", summary.get(), nullptr, all_processors);
    } catch (const std::runtime_error &error) {
        std::printf("and an error: %s\n", error.what());
    }
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
