#include "pipeline/io/files/zip_writer.hpp"

#include <minizip/zip.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>

#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/inner_path.hpp"

namespace pitwatch {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{2} << 30;
constexpr std::size_t piece = std::size_t{1} << 20;
constexpr unsigned long first_dos_date = (1UL << 21U) | (1UL << 16U);  // 1 January 1980, the first that there is
constexpr unsigned long made_by_unix = (3UL << 8U) | 20UL;
constexpr unsigned long regular_file_0644 = 0100644UL << 16U;

void expect(bool good, const std::string& path) {
  if (!good) throw IoError(path + ": cannot write the zip archive");
}

void add(zipFile archive, const ZipMember& member, const std::string& path) {
  zip_fileinfo info{};
  info.dosDate = first_dos_date;
  info.external_fa = regular_file_0644;
  expect(zipOpenNewFileInZip4_64(archive, member.name.c_str(), &info, nullptr, 0, nullptr, 0, nullptr, Z_DEFLATED,
                                 Z_BEST_COMPRESSION, 0, -MAX_WBITS, DEF_MEM_LEVEL, Z_DEFAULT_STRATEGY, nullptr, 0,
                                 made_by_unix, 1UL << 11U /* names are UTF-8 */, 0) == ZIP_OK,
         path);
  for (std::size_t at = 0; at < member.bytes.size(); at += piece) {
    throw_if_interrupted();
    const std::size_t size = std::min(piece, member.bytes.size() - at);
    expect(zipWriteInFileInZip(archive, member.bytes.data() + at, static_cast<unsigned>(size)) == ZIP_OK, path);
  }
  expect(zipCloseFileInZip(archive) == ZIP_OK, path);
}

}  // namespace

void write_zip(const std::string& path, std::span<const ZipMember> members) {
  std::uint64_t bytes = 0;
  for (const ZipMember& member : members) {
    check_inner_name(member.name);
    bytes += member.bytes.size();
  }
  if (bytes > most_bytes) throw DataError(path + ": more than 2 GiB for a zip archive");
  AtomicFile file(path);
  const zipFile archive = zipOpen64(file.temporary().c_str(), APPEND_STATUS_CREATE);
  expect(archive != nullptr, path);
  try {
    for (const ZipMember& member : members) add(archive, member, path);
  } catch (...) {
    zipClose(archive, nullptr);
    throw;
  }
  expect(zipClose(archive, nullptr) == ZIP_OK, path);
  file.commit();
}

}  // namespace pitwatch
