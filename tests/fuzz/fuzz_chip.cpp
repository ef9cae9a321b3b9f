// Any bytes, read as a chip: a grid within its bounds with all of its planes, or a DataError that names the file.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pipeline/chips/chip_picture.hpp"
#include "pipeline/chips/chip_store.hpp"
#include "pipeline/core/error.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  static const fuzz::ScratchFile scratch("chip.tif");
  scratch.write(fuzz::text_of(data, size));
  try {
    const Chip chip = read_chip(scratch.path());
    require(chip.grid.width > 0 && chip.grid.width <= longest_chip_side);
    require(chip.grid.height > 0 && chip.grid.height <= longest_chip_side && chip.grid.pixel_size_m > 0);
    for (const auto& band : chip.bands) require(band.width() == chip.grid.width && band.height() == chip.grid.height);
    const Picture picture = picture_of(chip, Composite::true_colour, stretch_of({&chip, 1}, Composite::true_colour));
    require(picture.rgb.size() == std::size_t{3} * static_cast<std::size_t>(chip.grid.width * chip.grid.height));
  } catch (const DataError& error) {
    require(std::string_view(error.what()).starts_with(scratch.path()));
  }
  return 0;
}
