#pragma once
// One benchmark per kernel, target and working set, and one for the scalar reference.
//
// A workload is a class that says what one run is:
//   static constexpr std::size_t bytes_per_pixel;  bytes read and written once per pixel; inputs and outputs together
//                                                  make up the working set
//   explicit Workload(std::size_t pixels);         allocates and fills the inputs
//   void run();  void run_reference();             the same work, the outputs being members
//   bool same_result(const Workload& other) const; whether the outputs have the same bytes
// and is registered by a line at the end of its file: PITWATCH_KERNEL_BENCHMARK("ndvi", Ndvi);

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/dispatch.hpp"

namespace pitwatch::kernels::bench {

struct WorkingSet {
  const char* name;
  std::size_t bytes;
  benchmark::IterationCount iterations;  ///< 0: as many as the library finds, which sets up the workload several times
};

/// Half of a 48 KiB first level, half of a 1 MiB second level, and more than any third level of this class of machine.
inline constexpr WorkingSet working_sets[] = {
    {"L1", 24 << 10, 0},
    {"L2", 512 << 10, 0},
    {"DRAM", 128 << 20, 8},
};

/// Reflectance-like values, 0.02 to 0.52, with a period that divides no vector length.
inline std::vector<float> reflectance(std::size_t n, std::uint32_t seed = 1) {
  std::vector<float> row(n);
  std::uint32_t state = seed;
  for (std::size_t i = 0; i < n; ++i) {
    state = state * 1664525U + 1013904223U;
    row[i] = 0.02F + static_cast<float>(state >> 8) * (0.5F / 16777216.0F);
  }
  return row;
}

/// Mask bytes of which one in eight is not 0.
inline std::vector<std::uint8_t> mask(std::size_t n, std::uint32_t seed = 1) {
  std::vector<std::uint8_t> row(n);
  std::uint32_t state = seed;
  for (std::size_t i = 0; i < n; ++i) {
    state = state * 1664525U + 1013904223U;
    row[i] = static_cast<std::uint8_t>((state >> 29) == 0 ? 1U << ((state >> 24) & 7) : 0U);
  }
  return row;
}

template <typename T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

/// `target` is a target's name, or "reference".
template <class Workload>
void run_benchmark(benchmark::State& state, const std::string& target, std::size_t working_set) {
  const bool is_reference = target == "reference";
  if (!is_reference && !pin_target(target)) return state.SkipWithError("target not available");
  const std::size_t pixels = working_set / Workload::bytes_per_pixel;
  Workload workload(pixels);

  if (!is_reference) {
    Workload expected(pixels);
    expected.run_reference();
    workload.run();
    if (!workload.same_result(expected)) return state.SkipWithError("differs from the reference");
  }
  for (auto _ : state) {
    if (is_reference) {
      workload.run_reference();
    } else {
      workload.run();
    }
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(pixels * Workload::bytes_per_pixel));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(pixels));
  pin_target("");
}

template <class Workload>
int register_kernel(const std::string& name) {
  std::vector<std::string> targets = available_targets();
  targets.emplace_back("reference");
  for (const WorkingSet& set : working_sets) {
    for (const std::string& target : targets) {
      auto* const registered = benchmark::RegisterBenchmark(
          (name + "/" + set.name + "/" + target).c_str(),
          [target, set](benchmark::State& state) { run_benchmark<Workload>(state, target, set.bytes); });
      if (set.iterations > 0) registered->Iterations(set.iterations);
    }
  }
  return 0;
}

#define PITWATCH_KERNEL_BENCHMARK(name, Workload) \
  [[maybe_unused]] const int registered_##Workload = ::pitwatch::kernels::bench::register_kernel<Workload>(name)

}  // namespace pitwatch::kernels::bench
