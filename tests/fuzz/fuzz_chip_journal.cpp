// Any bytes, read as a file of a journal of chips, with the right hash behind them, too: changes that stay below the
// folder of chips, or a DataError that names the file.

#include <cstddef>
#include <cstdint>
#include <string>

#include "pipeline/chips/chip_journal.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/io/files/hashing.hpp"
#include "tests/fuzz/fuzz_support.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pitwatch;
  using fuzz::require;
  static const fuzz::ScratchFile scratch("000001.chips");
  const std::string text(fuzz::text_of(data, size));
  for (const std::string& bytes : {text, text + sha256_text(text)}) {
    scratch.write(bytes);
    PendingChips pending("/nowhere");
    try {
      pending.add(scratch.path());
      for (const std::string& path : pending.paths()) {
        require(path.find("..") == std::string::npos || path.find("/..") == std::string::npos);
        require(!path.empty() && path.front() != '/');
        const auto content = pending.content(path);
        require(!content || content->size() <= bytes.size());
      }
    } catch (const DataError& error) {
      require(std::string(error.what()).starts_with(scratch.path()));
    }
  }
  return 0;
}
