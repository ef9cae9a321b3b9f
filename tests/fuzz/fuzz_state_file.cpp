// Any bytes, read as a state file, as they are and under a checksum that fits: header and arrays, or a DataError.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "pipeline/io/files/state_file.hpp"
#include "tests/fuzz/fuzz_support.hpp"

namespace {

using namespace pitwatch;

std::string digest_of(const std::string& body) {
  const std::string hex = sha256_text(body);
  std::string digest;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    digest += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return digest;
}

void read(const std::string& path) {
  try {
    const std::string header = read_state_header(path).text;
    const StateFile file(path);
    fuzz::require(file.header() == header);
    std::array<std::byte, 12> counts{};
    std::array<std::byte, 5> flags{};
    const std::array<StateArray, 2> arrays{StateArray{"counts", 3, 1, true, counts},
                                           StateArray{"flags", 1, 0, false, flags}};
    file.unpack(arrays);
  } catch (const DataError&) {
  } catch (const ConfigError&) {  // of a newer version
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::ScratchFile scratch("state");
  const std::string bytes = fuzz::text_of(data, size);
  scratch.write(bytes);
  read(scratch.path());
  scratch.write("PITWST04" + digest_of(bytes) + bytes);
  read(scratch.path());
  return 0;
}
