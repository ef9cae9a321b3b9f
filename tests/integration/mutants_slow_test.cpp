// Changed scenes by the hundreds; the outcome by kind is printed. PITWATCH_SEED gives others, PITWATCH_MUTANTS more.

#include <cstdlib>
#include <iomanip>
#include <iostream>

#include "tests/integration/mutants.hpp"

namespace pitwatch {
namespace {

std::uint32_t number_from(const char* variable, std::uint32_t otherwise) {
  const char* const given = std::getenv(variable);
  return given != nullptr ? static_cast<std::uint32_t>(std::stoul(given)) : otherwise;
}

TEST(Mutants, AreReadOrRefused) {
  std::uint32_t seed = number_from("PITWATCH_SEED", 1);
  const std::size_t mutants = number_from("PITWATCH_MUTANTS", 500);
  const test::MutantMaker maker;
  const std::vector<test::MutantKind>& kinds = test::mutant_kinds();
  std::vector<test::MutantCount> counts(kinds.size());
  for (std::size_t i = 0; i < mutants; ++i) {
    test::expect_safe(maker, kinds[i % kinds.size()], seed++, counts[i % kinds.size()]);
  }
  std::cout << std::left << std::setw(36) << "kind"
            << "compared refused listed rejected taken_in superseded\n";
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const test::MutantCount& count = counts[i];
    std::cout << std::setw(36) << kinds[i].name << std::setw(9) << count.compared << std::setw(8) << count.refused
              << std::setw(7) << count.listed << std::setw(9) << count.rejected << std::setw(9) << count.taken_in
              << count.superseded << '\n';
  }
}

}  // namespace
}  // namespace pitwatch
