// main.cpp: bench_speed's driver on Google Benchmark, and the project's only C++.
//
// Checks every case, divides the time there is, times the cases in interleaved repetitions, and
// hands the JSON on. Must not know how a case runs (session.h) or what a row means (report.h).
//
// Google Benchmark runs and times the loop, makes the counters, takes its own flags and writes its
// own JSON. What goes round it:
//   - Order. It repeats a case at once, or shuffles all repetitions of all cases. Here the k-th
//     repetitions of cases that are compared follow one another (plan.h), so that their ratio is
//     free of the machine's slower moods; so each repetition is registered by itself, and the
//     statistics over repetitions are added afterwards (report.c).
//   - Iterations. It would find their number anew in every repetition; the check has timed the case
//     already, and the time that the whole run may take is divided beforehand.
//   - Names. It adds how a case was run ("/iterations:7/real_time"), and counts only threads that
//     it started itself; names are the same for every number of iterations, so that runs compare.
//   - Text. Its JSON is kept and read again, as peaks, medians and ratios are added to it.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <sstream>
#include <string>
#include <vector>

extern "C" { // C headers, which know no C++
#include "blas.h"
#include "clock.h"
#include "json_out.h"
#include "option_table.h"
#include "options.h"
#include "output_paths.h"
#include "peaks.h"
#include "memory.h"
#include "process.h"
#include "progress.h"
#include "provenance.h"
#include "report.h"
#include "session.h"
#include "speed_options.h"
}

namespace
{

struct Suite {
    speed_options options;
    const char *cleared;  // of the environment
    double peaks_seconds; // to measure them once
    speed_plan plan;
    atomic_set written; // all files of the run, or none
    speed_session session;
    progress bar;
    size_t done;
    const speed_case *timed; // the latest
};

// Keeps the repetitions of each case, and writes them case by case under the case's name.
class Recorder : public benchmark::JSONReporter
{
  public:
    explicit Recorder(const Suite &suite) : suite_(suite), runs_(suite.plan.count)
    {
        SetOutputStream(&text_);
    }

    void ReportRuns(const std::vector<Run> &reports) override
    {
        const size_t index = static_cast<size_t>(suite_.timed - suite_.plan.cases);
        for (Run run : reports) {
            run.run_name = benchmark::BenchmarkName();
            run.run_name.function_name = suite_.timed->name;
            run.family_index = static_cast<int64_t>(index);
            run.threads = suite_.timed->threads;
            run.repetitions = suite_.options.repetitions;
            run.repetition_index = static_cast<int64_t>(runs_[index].size());
            runs_[index].push_back(run);
        }
    }

    void Finalize() override
    {
        for (const std::vector<Run> &runs : runs_) {
            JSONReporter::ReportRuns(runs);
        }
        JSONReporter::Finalize();
    }

    std::string text() const
    {
        return text_.str();
    }

  private:
    const Suite &suite_;
    std::vector<std::vector<Run>> runs_; // of each case of the plan
    std::ostringstream text_;
};

void add_counters(benchmark::State &state, const speed_case &c, const speed_job &job)
{
    using benchmark::Counter;
    const double rows = static_cast<double>(c.shape->rows), bytes = speed_case_bytes(&c);
    if (c.what != SPEED_ROWS) {
        state.counters["gflops"] =
            Counter(1e-9 * speed_case_flops(&c), Counter::kIsIterationInvariantRate);
    }
    state.counters["bytes"] = bytes;
    state.counters["bytes_per_second"] = Counter(bytes, Counter::kIsIterationInvariantRate);
    if (speed_is_products(c.what) != 0) {
        static const char *const names[] = {"logits_seconds", "dx_seconds", "dw_seconds"};
        for (size_t k = 0; k < 3; k++) {
            state.counters[names[k]] = Counter(job.product_seconds[k], Counter::kAvgIterations);
        }
    }
    state.counters["rows_per_second"] = Counter(rows, Counter::kIsIterationInvariantRate);
    if (speed_job_workspace(&job) > 0) {
        state.counters["workspace_bytes"] = static_cast<double>(speed_job_workspace(&job));
    }
    if (c.peak_bytes >= 0) {
        state.counters["peak_memory_bytes"] = c.peak_bytes;
    }
}

// One repetition.
void time_case(benchmark::State &state, Suite &suite, const speed_case &c)
{
    char fault[sizeof c.fault] = "";
    speed_job job;
    progress_step(&suite.bar, suite.done++, c.name);
    suite.timed = &c;
    if (c.fault[0]) {
        state.SkipWithError(c.fault);
        return;
    }
    // A first run, not timed: another case has just run, and this one's memory and code must come
    // back, as in a training loop. A long run's own beginning does that.
    if (speed_session_prepare(&suite.session, &c, &job, fault) ||
        ((c.seconds < 0.1 || job.fresh != 0) && speed_job_run(&job, fault))) {
        state.SkipWithError(fault);
        return;
    }
    std::fill_n(job.product_seconds, 3, 0.0);
    for (auto _ : state) {
        if (speed_job_run(&job, fault)) {
            state.SkipWithError(fault);
            break;
        }
    }
    add_counters(state, c, job);
    if (c.shape->name[0]) {
        state.SetLabel(c.shape->name);
    }
    speed_job_settle(&job);
}

void check_cases(Suite &suite)
{
    progress_start(&suite.bar, "check", suite.plan.count);
    for (size_t i = 0; i < suite.plan.count; i++) {
        speed_case &c = suite.plan.cases[i];
        progress_step(&suite.bar, i, c.name);
        speed_session_check(&suite.session, &c);
        if (c.fault[0]) {
            progress_end(&suite.bar);
            std::fprintf(stderr, "%s: %s: %s\n", SPEED_PROGRAM, c.name, c.fault);
        }
    }
    progress_end(&suite.bar);
}

// ---- time ---------------------------------------------------------------------------------------

size_t iterations_for(const speed_case &c, double min_seconds)
{
    const double seconds = std::max(c.seconds, 1e-8);
    return static_cast<size_t>(std::clamp(std::ceil(min_seconds / seconds), 1.0, 1e9));
}

double seconds_needed(const Suite &suite, double min_seconds)
{
    const double per_repetition = 1e-4; // Google Benchmark's own work
    double sum = 0;
    for (size_t i = 0; i < suite.plan.count; i++) {
        const speed_case &c = suite.plan.cases[i];
        const double warming = c.seconds < 0.1 ? 1 : 0;
        const double runs = warming + static_cast<double>(iterations_for(c, min_seconds));
        sum += c.fault[0] ? 0 : per_repetition + runs * c.seconds;
    }
    return suite.options.repetitions * sum;
}

// The longest repetitions that the time allows: short ones are at the mercy of interrupts.
double choose_min_seconds(const Suite &suite, double seconds_left)
{
    static const double choices[] = {0.5, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.01, 0.005};
    if (suite.options.request.level == SPEED_SMOKE) {
        return 0;
    }
    if (suite.options.min_seconds > 0 || suite.options.budget_seconds <= 0) {
        return suite.options.min_seconds > 0 ? suite.options.min_seconds : 0.5;
    }
    for (const double choice : choices) {
        if (seconds_needed(suite, choice) <= seconds_left) {
            return choice;
        }
    }
    return 0.002;
}

// ---- the run ------------------------------------------------------------------------------------

void initialise_google(const speed_options &options)
{
    static std::vector<std::string> words = {SPEED_PROGRAM}; // it keeps a pointer to its name
    words.insert(words.end(), options.google_flag, options.google_flag + options.google_flags);
    std::vector<char *> arguments;
    for (std::string &word : words) {
        arguments.push_back(&word[0]);
    }
    int count = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    benchmark::Initialize(&count, arguments.data());
    if (count > 1) {
        die_usage(SPEED_PROGRAM, "%s: Google Benchmark does not know this flag", arguments[1]);
    }
}

// The JSON of all repetitions.
std::string time_cases(Suite &suite, double min_seconds)
{
    const size_t rounds = static_cast<size_t>(suite.options.repetitions);
    size_t *order = speed_rounds(&suite.plan, rounds);
    for (size_t i = 0; i < rounds * suite.plan.count; i++) {
        speed_case &c = suite.plan.cases[order[i]];
        c.iterations = iterations_for(c, min_seconds);
        benchmark::RegisterBenchmark(
            c.name, [&suite, &c](benchmark::State &state) { time_case(state, suite, c); })
            ->UseRealTime()
            ->Iterations(static_cast<benchmark::IterationCount>(c.iterations));
    }
    Recorder recorder(suite);
    progress_start(&suite.bar, "time", rounds * suite.plan.count);
    benchmark::RunSpecifiedBenchmarks(&recorder, ".");
    progress_end(&suite.bar);
    std::free(order);
    return recorder.text();
}

void add_json(Suite &suite, const json_t *value, const char *path)
{
    char fault[512];
    if (json_add_file(value, path, &suite.written, fault, sizeof fault)) {
        die(SPEED_PROGRAM, "%s", fault);
    }
}

void commit(Suite &suite)
{
    char fault[512];
    if (atomic_set_commit(&suite.written, fault, sizeof fault)) {
        die(SPEED_PROGRAM, "%s", fault);
    }
}

// The numbers of threads that peaks are wanted for, rising: one, all, and those of the cases.
std::vector<int> peak_threads(const speed_request &request)
{
    std::vector<int> threads(request.threads, request.threads + request.thread_counts);
    threads.insert(threads.end(), {1, speed_cpu_count()});
    std::sort(threads.begin(), threads.end());
    threads.erase(std::unique(threads.begin(), threads.end()), threads.end());
    return threads;
}

void measure_peaks(Suite &suite, json_t *context)
{
    static const int samples[] = {1, 3, 7, 15};
    const double start = seconds_now();
    const std::vector<int> threads = peak_threads(suite.options.request);
    if (speed_peaks_measure(context, threads.data(), threads.size(),
                            samples[suite.options.request.level])) {
        die(SPEED_PROGRAM, "cannot measure the machine's peaks: no threads");
    }
    suite.peaks_seconds = seconds_now() - start;
}

// Check, time, write, print.
int run_cases(Suite &suite, json_t *context, double start)
{
    char fault[SPEED_FAULT];
    const speed_options &o = suite.options;
    speed_session_open(&suite.session, &suite.plan);
    initialise_google(o);
    check_cases(suite);
    const double min_seconds =
        choose_min_seconds(suite, o.budget_seconds - (seconds_now() - start) - suite.peaks_seconds);
    speed_report_describe(context, &suite.plan, o.request.level, o.repetitions, suite.cleared);
    const speed_foreign before = speed_foreign_now();
    const std::string text = time_cases(suite, min_seconds);
    const double foreign = speed_foreign_cpus(before);
    json_put(context, "min_time_seconds foreign_cpus", "gg", min_seconds,
             foreign < 0 ? std::nan("") : foreign);
    measure_peaks(suite, context);
    json_t *report = speed_report_build(text.c_str(), context, &suite.plan, fault);
    if (report == nullptr) {
        die(SPEED_PROGRAM, "%s", fault);
    }
    if (o.out) {
        add_json(suite, report, o.out);
        if (speed_tables_write(o.out, report, &suite.plan, &suite.written, fault)) {
            die(SPEED_PROGRAM, "%s", fault);
        }
    }
    commit(suite);
    speed_summary_print(stdout, report, &suite.plan);
    const size_t errors = speed_report_errors(report);
    if (errors > 0) {
        std::fprintf(stderr, "%s: rows with an error in place of a time: %zu\n", SPEED_PROGRAM,
                     errors);
    }
    json_decref(report);
    speed_session_close(&suite.session);
    finish_stdout(SPEED_PROGRAM);
    return errors == 0 ? EXIT_SUCCESS : EXIT_FAILED;
}

int run_all(Suite &suite, int argc, char **argv, double start)
{
    const speed_options &o = suite.options;
    int status = EXIT_SUCCESS;
    json_t *context = provenance_json(argc, argv, o.request.seed);
    measure_peaks(suite, context);
    if (o.machine_json) {
        add_json(suite, context, o.machine_json);
    }
    if (o.out || !o.machine_json) {
        status = run_cases(suite, context, start);
    } else {
        commit(suite);
    }
    json_decref(context);
    return status;
}

// A person named the libraries of --preload and --blas, so that one of no use ends the run.
void load_peers(const speed_options &o)
{
    char fault[SPEED_FAULT];
    const int failed = speed_blas_add_all(o.preload, o.preload_count, o.blas, o.blas_count, fault);
    if (failed > 0) {
        die_usage(SPEED_PROGRAM, "%s", fault);
    }
    if (failed < 0) {
        die(SPEED_PROGRAM, "%s", fault);
    }
}

} // namespace

int main(int argc, char **argv)
{
    static Suite suite;
    char fault[SPEED_FAULT];
    const double start = seconds_now();
    json_begin();
    std::set_new_handler(out_of_memory);
    speed_options_parse(&suite.options, argc, argv);
    const char *const outputs[] = {suite.options.out, suite.options.machine_json};
    output_paths_check(SPEED_PROGRAM, outputs, 2, nullptr, 0);
    suite.cleared = speed_blas_clear_environment();
    load_peers(suite.options);
    if (*suite.cleared && !suite.options.list) {
        std::fprintf(stderr, "%s: note: not heeded, so that peers choose their own kernels: %s\n",
                     SPEED_PROGRAM, suite.cleared);
    }
    if (speed_plan_build(&suite.plan, &suite.options.request, fault)) {
        die_usage(SPEED_PROGRAM, "%s", fault);
    }
    if (suite.plan.count == 0) {
        die_usage(SPEED_PROGRAM, "no case matches; --list shows those there are");
    }
    int status = EXIT_SUCCESS;
    for (size_t i = 0; i < suite.plan.count && suite.options.list; i++) {
        std::puts(suite.plan.cases[i].name);
    }
    if (suite.options.list) {
        finish_stdout(SPEED_PROGRAM);
    } else {
        status = run_all(suite, argc, argv, start);
    }
    speed_plan_free(&suite.plan);
    return status;
}
