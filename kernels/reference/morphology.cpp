#include "kernels/reference/morphology.hpp"

#include <initializer_list>

namespace pitwatch::kernels::reference {
namespace {

/// Calls visit(value) for the pixel and every neighbour that exists.
template <class Visit>
void for_each_neighbour(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, std::size_t n,
                        std::size_t i, Neighbourhood neighbourhood, Visit visit) {
  const bool is_square = neighbourhood == Neighbourhood::square;
  for (const std::uint8_t* line : {above, row, below}) {
    const bool has_sides = is_square || line == row;
    visit(line[i]);
    if (has_sides && i > 0) visit(line[i - 1]);
    if (has_sides && i + 1 < n) visit(line[i + 1]);
  }
}

}  // namespace

void dilate3_row(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, std::size_t n,
                 std::uint8_t* out, Neighbourhood neighbourhood) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    unsigned bits = 0;
    for_each_neighbour(above, row, below, n, i, neighbourhood, [&](std::uint8_t v) { bits |= v; });
    out[i] = static_cast<std::uint8_t>(bits);
  }
}

void erode3_row(const std::uint8_t* above, const std::uint8_t* row, const std::uint8_t* below, std::size_t n,
                std::uint8_t* out, Neighbourhood neighbourhood) noexcept {
  for (std::size_t i = 0; i < n; ++i) {
    unsigned bits = 0xFF;
    for_each_neighbour(above, row, below, n, i, neighbourhood, [&](std::uint8_t v) { bits &= v; });
    out[i] = static_cast<std::uint8_t>(bits);
  }
}

}  // namespace pitwatch::kernels::reference
