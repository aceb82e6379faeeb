// repetitions.cpp: see repetitions.h; the project's only C++.
//
// Google Benchmark runs and times the loop, makes the counters, takes its own flags and writes its
// own JSON. What goes round it:
//   - Order. It repeats a case at once, or shuffles all repetitions of all cases. Here the k-th
//     repetitions of cases that are compared follow one another (plan.h), so that their ratio is
//     free of the machine's slower moods; so each repetition is registered by itself, and the
//     statistics over repetitions are added afterwards (report.c).
//   - Iterations. It would find their number anew in every repetition; the check has timed the case
//     already, and the time that the whole run may take is divided beforehand (budget.h).
//   - Names. It adds how a case was run ("/iterations:7/real_time"), and counts only threads that
//     it started itself; names are the same for every number of iterations, so that runs compare.
//   - Text. Its JSON is kept and read again, as peaks, medians and ratios are added to it.
#include "repetitions.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sstream>
#include <string>
#include <vector>

extern "C" { // C headers, which know no C++
#include "budget.h"
#include "counters.h"
#include "clock.h"
#include "memory.h"
#include "options.h"
#include "process.h"
#include "progress.h"
}

namespace
{

struct Suite {
    const speed_options &options;
    speed_plan &plan;
    speed_session &session;
    double min_seconds; // of a repetition
    progress bar;
    size_t done;
    const speed_case *timed;      // the latest
    std::vector<int> undisturbed; // repetitions of each case
};

// A repetition whose threads waited for this share of its time for a processor is made again.
const double disturbed = 0.02;

// Keeps the repetitions of each case, and writes them case by case under the case's name.
class Recorder : public benchmark::JSONReporter
{
  public:
    explicit Recorder(const Suite &suite) : suite_(suite), runs_(suite.plan.count)
    {
        SetOutputStream(&text_);
    }

    // Google Benchmark begins and ends a report with each of several passes; this is one of all.
    bool ReportContext(const Context &context) override
    {
        return !text_.str().empty() || JSONReporter::ReportContext(context);
    }

    void Finalize() override
    {
    }

    void ReportRuns(const std::vector<Run> &reports) override
    {
        const size_t index = static_cast<size_t>(suite_.timed - suite_.plan.cases);
        for (Run run : reports) {
            run.run_name = benchmark::BenchmarkName();
            run.run_name.function_name = suite_.timed->name;
            run.family_index = static_cast<int64_t>(index);
            run.threads = suite_.timed->threads;
            run.repetition_index = static_cast<int64_t>(runs_[index].size());
            runs_[index].push_back(run);
        }
    }

    std::string text()
    {
        for (std::vector<Run> &runs : runs_) {
            for (Run &run : runs) {
                run.repetitions = static_cast<int64_t>(runs.size());
            }
            JSONReporter::ReportRuns(runs);
        }
        JSONReporter::Finalize();
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

// What the processor counted and drew, for each run.
void add_counted(benchmark::State &state, const speed_counts &before)
{
    using benchmark::Counter;
    const speed_counts now = speed_counters_now();
    for (int i = 0; i < SPEED_COUNTERS; i++) {
        const double count = now.of[i] - before.of[i];
        if (count >= 0) {
            state.counters[speed_counter_name(static_cast<speed_counter>(i))] =
                Counter(count, Counter::kAvgIterations);
        }
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
    const speed_waits before = speed_waits_now();
    const speed_counts counted = speed_counters_now();
    for (auto _ : state) {
        if (speed_job_run(&job, fault)) {
            state.SkipWithError(fault);
            break;
        }
    }
    const double waited = speed_waits_share(before, c.threads);
    state.counters["waited"] = waited;
    add_counted(state, counted);
    suite.undisturbed[static_cast<size_t>(&c - suite.plan.cases)] += waited < disturbed ? 1 : 0;
    add_counters(state, c, job);
    if (c.shape->name[0]) {
        state.SetLabel(c.shape->name);
    }
    speed_job_settle(&job);
}

void pass(Suite &suite, Recorder &recorder, const std::vector<size_t> &order, const char *title)
{
    for (const size_t index : order) {
        speed_case &c = suite.plan.cases[index];
        c.iterations = speed_iterations(&c, suite.min_seconds);
        benchmark::RegisterBenchmark(
            c.name, [&suite, &c](benchmark::State &state) { time_case(state, suite, c); })
            ->UseRealTime()
            ->MeasureProcessCPUTime()
            ->Iterations(static_cast<benchmark::IterationCount>(c.iterations));
    }
    suite.done = 0;
    progress_start(&suite.bar, title, order.size());
    benchmark::RunSpecifiedBenchmarks(&recorder, ".");
    progress_end(&suite.bar);
    benchmark::ClearRegisteredBenchmarks();
}

// Of a round's order: the cases that are compared with one that still lacks an undisturbed
// repetition; they stand together.
std::vector<size_t> lacking(const Suite &suite, const size_t *round)
{
    std::vector<size_t> order;
    const speed_case *cases = suite.plan.cases;
    for (size_t first = 0, end = 0; first < suite.plan.count; first = end) {
        const speed_case &like = cases[round[first]];
        bool lacks = false;
        for (; end < suite.plan.count && cases[round[end]].shape == like.shape &&
               cases[round[end]].threads == like.threads;
             end++) {
            lacks |= suite.undisturbed[round[end]] < suite.options.repetitions &&
                     cases[round[end]].fault[0] == '\0';
        }
        order.insert(order.end(), round + first, round + (lacks ? end : first));
    }
    return order;
}

// The JSON of all repetitions: the rounds, and within a share of their time again what was
// disturbed.
std::string time_cases(Suite &suite)
{
    const size_t rounds = static_cast<size_t>(suite.options.repetitions), count = suite.plan.count;
    const size_t more = suite.options.request.level == SPEED_SMOKE ? 0 : rounds;
    const double start = seconds_now();
    size_t *order = speed_rounds(&suite.plan, rounds + more);
    Recorder recorder(suite);
    suite.undisturbed.assign(count, 0);
    pass(suite, recorder, std::vector<size_t>(order, order + rounds * count), "time");
    const double end = seconds_now() + SPEED_AGAIN * (seconds_now() - start);
    for (size_t k = rounds; k < rounds + more && seconds_now() < end; k++) {
        const std::vector<size_t> again = lacking(suite, order + k * count);
        if (again.empty()) {
            break;
        }
        pass(suite, recorder, again, "again");
    }
    std::free(order);
    return recorder.text();
}

} // namespace

void speed_repetitions_guard(void)
{
    std::set_new_handler(out_of_memory);
}

void speed_repetitions_begin(const speed_options *options)
{
    static std::vector<std::string> words = {SPEED_PROGRAM}; // it keeps a pointer to its name
    words.insert(words.end(), options->google_flag, options->google_flag + options->google_flags);
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

char *speed_repetitions_time(const speed_options *options, speed_plan *plan, speed_session *session,
                             double min_seconds)
{
    Suite suite = {*options, *plan, *session, min_seconds, {}, 0, nullptr, {}};
    char *text = strdup(time_cases(suite).c_str());
    if (text == nullptr) {
        out_of_memory();
    }
    return text;
}
