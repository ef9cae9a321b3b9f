#include "pipeline/io/files/zip_writer.hpp"

#include <minizip/zip.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <system_error>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/core/interrupt.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/inner_path.hpp"
#include "pipeline/io/files/regular_file.hpp"

namespace pitwatch {
namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{2} << 30;
constexpr std::size_t piece = std::size_t{1} << 20;
constexpr std::uint32_t first_dos_date = (1U << 21U) | (1U << 16U);  // 1 January 1980, the first that there is
constexpr std::uint32_t made_by_unix = (3U << 8U) | 20U;
constexpr std::uint32_t regular_file_0644 = 0100644U << 16U;
constexpr std::uint32_t names_are_utf8 = 1U << 11U;

/// What minizip does not report, the system's last error does: that the disk is full, for one.
void expect(bool good, const std::string& path) {
  if (good) return;
  const int reason = errno;
  const std::string text = reason == 0 ? "" : ": " + std::generic_category().message(reason);
  throw IoError(path + ": cannot write the zip archive" + text);
}

void add(zipFile archive, const ZipMember& member, const std::string& path) {
  zip_fileinfo info{};
  info.dosDate = first_dos_date;
  info.external_fa = regular_file_0644;
  expect(zipOpenNewFileInZip4_64(archive, member.name.c_str(), &info, nullptr, 0, nullptr, 0, nullptr, Z_DEFLATED,
                                 Z_BEST_COMPRESSION, 0, -MAX_WBITS, DEF_MEM_LEVEL, Z_DEFAULT_STRATEGY, nullptr, 0,
                                 made_by_unix, names_are_utf8, 0) == ZIP_OK,
         path);
  for (std::size_t at = 0; at < member.bytes.size(); at += piece) {
    throw_if_interrupted();
    const std::size_t size = std::min(piece, member.bytes.size() - at);
    expect(zipWriteInFileInZip(archive, member.bytes.data() + at, static_cast<unsigned>(size)) == ZIP_OK, path);
  }
  expect(zipCloseFileInZip(archive) == ZIP_OK, path);
}

// ---- check ------------------------------------------------------------------------------------------------------

/// Records of an archive, by APPNOTE.TXT (PKWARE), 4.3: numbers with the low byte first.
class RecordText {
 public:
  RecordText& two(std::uint32_t value) { return number(value, 2); }
  RecordText& four(std::uint32_t value) { return number(value, 4); }
  RecordText& text(const std::string& value) {
    text_ += value;
    return *this;
  }
  const std::string& str() const { return text_; }

 private:
  RecordText& number(std::uint32_t value, int bytes) {
    for (int byte = 0; byte < bytes; ++byte) text_ += static_cast<char>((value >> (8 * byte)) & 0xFFU);
    return *this;
  }

  std::string text_;
};

std::uint32_t number_at(const std::string& record, std::size_t at, std::size_t bytes) {
  std::uint32_t value = 0;
  for (std::size_t byte = bytes; byte-- > 0;) value = value << 8U | static_cast<unsigned char>(record[at + byte]);
  return value;
}

/// What the records say of one member.
struct PackedMember {
  std::string name;
  std::uint32_t crc = 0;
  std::uint32_t packed = 0;
  std::uint32_t bytes = 0;
  std::uint32_t offset = 0;

  /// The part that the record before the bytes and the one in the directory share.
  void put_into(RecordText& record) const {
    constexpr std::uint32_t version_needed = 20, packed_best = 2;
    record.two(version_needed).two(names_are_utf8 | packed_best).two(Z_DEFLATED).four(first_dos_date);
    record.four(crc).four(packed).four(bytes).two(static_cast<std::uint32_t>(name.size())).two(0);
  }

  std::string record_before() const {
    RecordText record;
    put_into(record.four(member_mark));
    return record.text(name).str();
  }

  std::string record_in_directory() const {
    RecordText record;
    put_into(record.four(directory_mark).two(made_by_unix));
    return record.two(0).two(0).two(0).four(regular_file_0644).four(offset).text(name).str();
  }

  static constexpr std::uint32_t member_mark = 0x04034B50, directory_mark = 0x02014B50;
  static constexpr std::size_t record_bytes = 30, crc_at = 14, packed_at = 18, bytes_at = 22, name_size_at = 26;
  static constexpr std::size_t text_bit_at = 36;  // of the record in the directory
};

/// check_zip() at work: through the archive once, from its first byte to its last.
class ZipCheck {
 public:
  explicit ZipCheck(const std::string& path) : file_(path, most_bytes) {}

  void run() {
    std::string mark = next(4);
    while (mark == RecordText().four(PackedMember::member_mark).str()) {
      throw_if_interrupted();
      read_member(std::move(mark));
      mark = next(4);
    }
    read_directory(mark);
  }

 private:
  [[noreturn]] static void refuse(std::uint64_t at) {
    throw DataError("the archive is not as it was packed, from byte " + std::to_string(at) +
                    " on: changed, or packed anew by another program");
  }

  std::string next(std::size_t bytes) {
    std::string text(bytes, '\0');
    std::size_t got = 0;
    while (got < bytes) {
      const std::size_t some = file_.read(text.data() + got, bytes - got);
      if (some == 0) refuse(at_);
      got += some;
    }
    at_ += bytes;
    return text;
  }

  void read_member(std::string record) {
    PackedMember member;
    member.offset = static_cast<std::uint32_t>(at_ - record.size());
    record += next(PackedMember::record_bytes - record.size());
    member.crc = number_at(record, PackedMember::crc_at, 4);
    member.packed = number_at(record, PackedMember::packed_at, 4);
    member.bytes = number_at(record, PackedMember::bytes_at, 4);
    member.name = next(number_at(record, PackedMember::name_size_at, 2));
    if (record + member.name != member.record_before()) refuse(member.offset);
    unpack(member);
    members_.push_back(std::move(member));
  }

  void unpack(const PackedMember& member) {
    const std::uint64_t start = at_;
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw IoError("no memory to unpack");
    const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&stream, &inflateEnd);
    std::string packed, unpacked(piece, '\0');
    std::uint64_t bytes = 0, crc = 0;
    int step = Z_OK;
    for (std::uint64_t left = member.packed; step == Z_OK;) {
      if (stream.avail_in == 0 && left > 0) {
        packed = next(std::min<std::uint64_t>(left, piece));
        left -= packed.size();
        stream.next_in = reinterpret_cast<Bytef*>(packed.data());
        stream.avail_in = static_cast<uInt>(packed.size());
      }
      stream.next_out = reinterpret_cast<Bytef*>(unpacked.data());
      stream.avail_out = static_cast<uInt>(unpacked.size());
      step = inflate(&stream, Z_NO_FLUSH);
      const auto some = static_cast<uInt>(unpacked.size() - stream.avail_out);
      bytes += some;
      crc = crc32(crc, reinterpret_cast<const Bytef*>(unpacked.data()), some);
      if (bytes > member.bytes || (total_ += some) > most_bytes) refuse(start);
      if (step == Z_STREAM_END && (stream.avail_in > 0 || left > 0)) refuse(start);
    }
    if (step != Z_STREAM_END || bytes != member.bytes || crc != member.crc) refuse(start);
  }

  void read_directory(std::string read) {
    const std::uint64_t start = at_ - read.size();
    for (const PackedMember& member : members_) {
      const std::uint64_t from = at_ - read.size();
      std::string expected = member.record_in_directory();
      read += next(expected.size() - read.size());
      // Whether it is text is the packer's guess.
      expected[PackedMember::text_bit_at] = static_cast<char>(read[PackedMember::text_bit_at] & 1);
      if (read != expected) refuse(from);
      read.clear();
    }
    const std::uint64_t end = at_ - read.size();
    const auto count = static_cast<std::uint32_t>(members_.size());
    constexpr std::uint32_t end_mark = 0x06054B50;
    RecordText last;
    last.four(end_mark).two(0).two(0).two(count).two(count);
    last.four(static_cast<std::uint32_t>(end - start)).four(static_cast<std::uint32_t>(start)).two(0);
    read += next(last.str().size() - read.size());
    char more = 0;
    if (read != last.str() || file_.read(&more, 1) > 0) refuse(end);
  }

  RegularFileReader file_;
  std::uint64_t at_ = 0;     // bytes of the archive that were read
  std::uint64_t total_ = 0;  // bytes of the members that were unpacked
  std::vector<PackedMember> members_;
};

}  // namespace

void check_zip(const std::string& path) { ZipCheck(path).run(); }

void write_zip(const std::string& path, std::span<const ZipMember> members) {
  std::uint64_t bytes = 0;
  for (const ZipMember& member : members) {
    check_inner_name(member.name);
    bytes += member.bytes.size();
  }
  if (bytes > most_bytes) throw DataError(path + ": more than 2 GiB for a zip archive");
  AtomicFile file(path);
  errno = 0;
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
