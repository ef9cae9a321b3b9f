#include "pipeline/io/raster/deflate_tiff.hpp"

#include <fcntl.h>
#include <libdeflate.h>
#include <sys/stat.h>
#include <tiffio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <utility>

#include "kernels/predictor.hpp"
#include "pipeline/io/raster/input_notes.hpp"

namespace pitwatch {
namespace {

struct CloseTiff {
  void operator()(TIFF* tiff) const { TIFFClose(tiff); }
};
struct FreeOptions {
  void operator()(TIFFOpenOptions* options) const { TIFFOpenOptionsFree(options); }
};
struct FreeDecompressor {
  void operator()(libdeflate_decompressor* it) const { libdeflate_free_decompressor(it); }
};

int silent(TIFF*, void*, const char*, const char*, va_list) { return 1; }

bool read_at(int descriptor, std::uint64_t offset, std::uint8_t* into, std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t got = ::pread(descriptor, into, bytes, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    into += got;
    offset += static_cast<std::uint64_t>(got);
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

/// A file as libtiff reads it, which is given what it read.
struct Source {
  int descriptor = -1;
  std::uint64_t position = 0;
  std::vector<ByteRange> was_read;

  static Source& of(thandle_t handle) { return *static_cast<Source*>(handle); }

  static tmsize_t read(thandle_t handle, void* into, tmsize_t bytes) {
    Source& it = of(handle);
    ssize_t got = 0;
    do {
      got = ::pread(it.descriptor, into, static_cast<std::size_t>(bytes), static_cast<off_t>(it.position));
    } while (got < 0 && errno == EINTR);
    if (got <= 0) return got;
    it.was_read.push_back({it.position, static_cast<std::uint64_t>(got)});
    it.position += static_cast<std::uint64_t>(got);
    return got;
  }
  static tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }
  static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    const std::uint64_t base = whence == SEEK_CUR ? of(handle).position : whence == SEEK_END ? size(handle) : 0;
    return of(handle).position = base + offset;
  }
  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t handle) {
    struct stat status {};
    return ::fstat(of(handle).descriptor, &status) == 0 ? static_cast<toff_t>(status.st_size) : 0;
  }
};

std::unique_ptr<TIFF, CloseTiff> open_tiff(const std::string& path, Source& source) {
  const std::unique_ptr<TIFFOpenOptions, FreeOptions> options(TIFFOpenOptionsAlloc());
  if (!options) return nullptr;
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), silent, nullptr);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), silent, nullptr);
  // c: strips stay as they are stored; m: no memory mapping.
  return std::unique_ptr<TIFF, CloseTiff>(TIFFClientOpenExt(path.c_str(), "rcm", &source, Source::read, Source::write,
                                                            Source::seek, Source::close, Source::size, nullptr, nullptr,
                                                            options.get()));
}

template <typename T>
T field(TIFF* tiff, std::uint32_t tag, T absent) {
  T value = absent;
  return TIFFGetFieldDefaulted(tiff, tag, &value) == 1 ? value : absent;
}

bool is_ordinary(TIFF* tiff) {
  const auto compression = field<std::uint16_t>(tiff, TIFFTAG_COMPRESSION, 0);
  const auto predictor = field<std::uint16_t>(tiff, TIFFTAG_PREDICTOR, 1);
  return TIFFIsTiled(tiff) != 0 && TIFFIsByteSwapped(tiff) == 0 &&
         (compression == COMPRESSION_ADOBE_DEFLATE || compression == COMPRESSION_DEFLATE) &&
         (predictor == 1 || predictor == 2) && field<std::uint16_t>(tiff, TIFFTAG_BITSPERSAMPLE, 0) == 16 &&
         field<std::uint16_t>(tiff, TIFFTAG_SAMPLESPERPIXEL, 0) == 1 &&
         field<std::uint16_t>(tiff, TIFFTAG_SAMPLEFORMAT, 0) == SAMPLEFORMAT_UINT &&
         field<std::uint16_t>(tiff, TIFFTAG_FILLORDER, 0) == FILLORDER_MSB2LSB;
}

/// The values of a tag as bytes, empty where it is not there; nothing where they cannot be told. How libtiff gives them
/// depends on whether GDAL has told it of the tag, else on the type that the file has.
std::optional<std::string> bytes_of_tag(TIFF* tiff, std::uint32_t tag) {
  const TIFFField* const field = TIFFFieldWithTag(tiff, tag);
  if (field == nullptr) return std::string();  // known to neither
  const TIFFDataType type = TIFFFieldDataType(field);
  const int count_kind = TIFFFieldReadCount(field);
  if (TIFFFieldPassCount(field) == 0) {
    const char* text = nullptr;
    if (type != TIFF_ASCII || count_kind != TIFF_VARIABLE) return std::nullopt;
    return TIFFGetField(tiff, tag, &text) == 1 && text != nullptr ? text : std::string();
  }
  std::uint32_t count = 0;
  const void* values = nullptr;
  if (count_kind == TIFF_VARIABLE2) {
    if (TIFFGetField(tiff, tag, &count, &values) != 1) return std::string();
  } else if (count_kind == TIFF_VARIABLE) {
    std::uint16_t short_count = 0;
    if (TIFFGetField(tiff, tag, &short_count, &values) != 1) return std::string();
    count = short_count;
  } else {
    return std::nullopt;
  }
  if (values == nullptr) return std::string();
  return std::string(static_cast<const char*>(values),
                     std::size_t{count} * static_cast<std::size_t>(TIFFDataWidth(type)));
}

/// Of a file that is open.
class Descriptor {
 public:
  explicit Descriptor(const std::string& path) : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

std::string geo_keys_of(const std::string& path) {
  const Descriptor file(path);
  struct stat status {};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  Source source{file.number(), 0, {}};
  const auto tiff = open_tiff(path, source);
  if (!tiff) return {};
  constexpr std::uint32_t key_directory = 34735;
  constexpr std::uint32_t double_params = 34736;
  constexpr std::uint32_t ascii_params = 34737;
  std::string keys;
  for (const std::uint32_t tag : {key_directory, double_params, ascii_params}) {
    const std::optional<std::string> bytes = bytes_of_tag(tiff.get(), tag);
    if (!bytes || (tag == key_directory && bytes->empty())) return {};
    keys += std::to_string(bytes->size()) + "\n" + *bytes + "\n";
  }
  return keys;
}

std::unique_ptr<DeflateTiff> DeflateTiff::open(const std::string& path, int block_width, int block_height,
                                               int block_count) {
  std::unique_ptr<DeflateTiff> result(new DeflateTiff);
  result->path_ = path;
  result->descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (result->descriptor_ < 0) return nullptr;
  Source source{result->descriptor_, 0, {}};
  const auto tiff = open_tiff(path, source);
  if (!tiff || !is_ordinary(tiff.get())) return nullptr;
  if (field<std::uint32_t>(tiff.get(), TIFFTAG_TILEWIDTH, 0) != static_cast<std::uint32_t>(block_width) ||
      field<std::uint32_t>(tiff.get(), TIFFTAG_TILELENGTH, 0) != static_cast<std::uint32_t>(block_height) ||
      TIFFNumberOfTiles(tiff.get()) != static_cast<std::uint32_t>(block_count)) {
    return nullptr;
  }
  result->block_width_ = block_width;
  result->block_height_ = block_height;
  result->differenced_ = field<std::uint16_t>(tiff.get(), TIFFTAG_PREDICTOR, 1) == 2;
  for (int block = 0; block < block_count; ++block) {
    const auto index = static_cast<std::uint32_t>(block);
    result->blocks_.push_back({TIFFGetStrileOffset(tiff.get(), index), TIFFGetStrileByteCount(tiff.get(), index)});
  }
  result->directory_ = std::move(source.was_read);
  return result;
}

DeflateTiff::~DeflateTiff() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void DeflateTiff::note(const ByteRange& block) const {
  const std::uint64_t log = input_log_number();
  const std::shared_ptr<InputNotes> notes = input_notes_of(path_);
  if (!notes) return;
  if (told_log_.exchange(log) != log) {
    if (const auto identity = identity_of(descriptor_)) notes->opened(*identity);
    for (const ByteRange& range : directory_) notes->read(range.offset, range.bytes);
  }
  notes->read(block.offset, block.bytes);
}

bool DeflateTiff::read_block(int block, std::uint16_t* pixels) const {
  const ByteRange& stretch = blocks_[static_cast<std::size_t>(block)];
  const std::size_t bytes =
      static_cast<std::size_t>(block_width_) * static_cast<std::size_t>(block_height_) * sizeof(std::uint16_t);
  // A stream that does not compress grows by a few bytes; what claims to be larger is not to be allocated.
  if (stretch.offset == 0 || stretch.bytes == 0 || stretch.bytes > bytes + bytes / 8 + 4096) return false;
  thread_local std::vector<std::uint8_t> compressed;
  thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> inflate(
      libdeflate_alloc_decompressor());
  if (compressed.size() < stretch.bytes) compressed.resize(stretch.bytes);
  if (!inflate || !read_at(descriptor_, stretch.offset, compressed.data(), stretch.bytes)) return false;
  if (libdeflate_zlib_decompress(inflate.get(), compressed.data(), stretch.bytes, pixels, bytes, nullptr) !=
      LIBDEFLATE_SUCCESS) {
    return false;
  }
  if (input_log_number() != 0) note(stretch);
  if (differenced_) {
    const auto width = static_cast<std::size_t>(block_width_);
    for (std::size_t y = 0; y < static_cast<std::size_t>(block_height_); ++y) {
      kernels::undo_horizontal_differencing(pixels + y * width, width);
    }
  }
  return true;
}

}  // namespace pitwatch
