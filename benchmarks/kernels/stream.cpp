// STREAM triad (McCalpin 1995), a[i] = b[i] + s * c[i] in double, for comparison: what the memory gives a plain loop.
// As in STREAM 24 bytes count per element (the read for ownership of a[i] does not), every thread has arrays of its
// own, and the rate is that of all threads together.

#include <algorithm>
#include <thread>

#include "benchmarks/kernels/kernel_benchmark.hpp"

namespace pitwatch::kernels::bench {
namespace {

void stream_triad(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0)) / (3 * sizeof(double));
  std::vector<double> a(n, 0.0);
  std::vector<double> b(n, 1.0);
  std::vector<double> c(n, 2.0);
  const double scalar = 3.0;
  for (auto _ : state) {
    double* const out = a.data();
    const double* const left = b.data();
    const double* const right = c.data();
    for (std::size_t i = 0; i < n; ++i) out[i] = left[i] + scalar * right[i];
    benchmark::ClobberMemory();
  }
  if (!std::all_of(a.begin(), a.end(), [](double x) { return x == 7.0; })) state.SkipWithError("wrong sum");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(n * 3 * sizeof(double)));
}

void per_working_set(benchmark::internal::Benchmark* triad) {
  for (const WorkingSet& set : working_sets) triad->Arg(static_cast<std::int64_t>(set.bytes));
}

BENCHMARK(stream_triad)
    ->Apply(per_working_set)
    ->ThreadRange(1, static_cast<int>(std::max(1U, std::thread::hardware_concurrency())))
    ->UseRealTime();

}  // namespace
}  // namespace pitwatch::kernels::bench
