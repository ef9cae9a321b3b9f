// Any bytes, read as a manifest: one that gives the same bytes again and again, or a DataError.

#include <cstddef>
#include <cstdint>
#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/record/manifest.hpp"
#include "tests/fuzz/fuzz_support.hpp"

namespace {

using namespace pitwatch;

std::string text_again(const std::string& text) { return manifest_text(parse_manifest(text)); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string once;
  try {
    once = text_again(fuzz::text_of(data, size));
  } catch (const DataError&) {
    return 0;
  }
  // What was read can be written, and what is written can be read.
  fuzz::require(text_again(once) == once);
  for (const OutputFile& file : parse_manifest(once).outputs) fuzz::require(is_output_path(file.path));
  return 0;
}
