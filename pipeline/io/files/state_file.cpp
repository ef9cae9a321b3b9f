#include "pipeline/io/files/state_file.hpp"

#include <openssl/evp.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "pipeline/core/error.hpp"
#include "pipeline/io/files/atomic_file.hpp"

// Layout, numbers little-endian: mark with the format (8 bytes), SHA-256 of all that follows it (32), length of the
// header (8), header, number of arrays (8), then for each: length of the name (8), name, bytes of an element (8), how
// many of its numbers have 16 bits (8), 1 where it is smooth (8), elements (8), and its pieces: length (8), bytes.
//
// A piece holds `piece_elements` elements, the last of an array fewer. Its planes follow each other, each a length (4)
// and a zstd frame of one byte per element: the low bytes of the first number of all elements, their high bytes, and so
// on; of a number of 8 bits there is one plane. In smooth arrays numbers are differences to the element before, which
// of 16 bits are folded (0, -1, 1, -2 ... to 0, 1, 2, 3 ...), so that high bytes are mostly 0. A plane of its own has
// its own code: what zstd finds in planes of noise is their entropy, not repetition.

namespace pitwatch {
namespace {

constexpr std::string_view mark = "PITWST";  // and two digits of the format
constexpr std::size_t format_digits = 2;
constexpr std::size_t digest_bytes = 32;
constexpr std::size_t piece_elements = std::size_t{1} << 15;

[[noreturn]] void fail(const std::string& path, const std::string& what) { throw DataError(path + ": " + what); }
constexpr const char* damaged = "is cut off or damaged";

class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) fail_digest();
  }
  void add(std::string_view data) {
    if (EVP_DigestUpdate(context_.get(), data.data(), data.size()) != 1) fail_digest();
  }
  std::string finish() {
    std::array<unsigned char, digest_bytes> result{};
    if (EVP_DigestFinal_ex(context_.get(), result.data(), nullptr) != 1) fail_digest();
    return {reinterpret_cast<const char*>(result.data()), result.size()};
  }

 private:
  [[noreturn]] static void fail_digest() { throw std::runtime_error("OpenSSL does not provide SHA-256"); }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::string encoded(std::uint64_t value, std::size_t bytes = 8) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(value >> (8 * i));
  return text;
}

/// Takes bytes from the front of a text.
class Taker {
 public:
  Taker(std::string_view text, const std::string& path) : rest_(text), path_(path) {}

  std::string_view bytes(std::uint64_t count) {
    if (count > rest_.size()) fail(path_, damaged);
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::uint64_t number(std::size_t count = 8) {
    std::uint64_t value = 0;
    std::size_t i = 0;
    for (const char c : bytes(count)) value |= std::uint64_t{static_cast<unsigned char>(c)} << (8 * i++);
    return value;
  }
  std::string_view text() { return bytes(number()); }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  const std::string& path_;
};

// ---- planes ----

std::uint16_t short_at(const std::byte* place) {
  std::uint16_t value = 0;
  std::memcpy(&value, place, sizeof value);
  return value;
}

/// 0, -1, 1, -2 ... in two's complement to 0, 1, 2, 3 ...
std::uint16_t fold(std::uint16_t value) {
  return static_cast<std::uint16_t>((unsigned{value} << 1U) ^ ((value & 0x8000U) != 0 ? 0xffffU : 0U));
}
std::uint16_t unfold(std::uint16_t value) {
  return static_cast<std::uint16_t>((unsigned{value} >> 1U) ^ ((value & 1U) != 0 ? 0xffffU : 0U));
}

/// Elements of an array that are compressed together.
struct Piece {
  const StateArray* array = nullptr;
  std::size_t first = 0;
  std::size_t count = 0;

  /// Where the numbers lie that stand `offset` bytes into its elements, and how many bytes it is from one to the next.
  std::pair<std::byte*, std::size_t> numbers_at(std::size_t offset) const {
    std::byte* const bytes = array->bytes.data();
    if (array->stride == 0) return {bytes + first * array->element_bytes + offset, array->element_bytes};
    const std::size_t size = offset < 2 * array->shorts ? 2 : 1;
    return {bytes + offset * array->stride + first * size, size};
  }
};

using PlanePair = std::array<std::vector<std::uint8_t>, 2>;

/// Calls `work` with the step from one number to the next: as a constant where they follow each other, so that the
/// compiler makes vectors of them.
template <std::size_t size, typename Work>
void with_step(std::size_t step, const Work& work) {
  if (step == size) {
    work(std::integral_constant<std::size_t, size>());
  } else {
    work(step);
  }
}

/// The two planes of a number of 16 bits that stands `offset` bytes into the elements.
void split_shorts(const Piece& piece, std::size_t offset, PlanePair& planes) {
  const auto [first, bytes_apart] = piece.numbers_at(offset);
  with_step<2>(bytes_apart, [&, first = first](auto step) {
    const std::byte* const numbers = first;
    std::uint8_t* const low = planes[0].data();
    std::uint8_t* const high = planes[1].data();
    const std::size_t count = piece.count;
    const auto put = [=](std::size_t i, std::uint16_t value) {
      low[i] = static_cast<std::uint8_t>(value & 0xffU);
      high[i] = static_cast<std::uint8_t>(value >> 8);
    };
    if (!piece.array->smooth) {
      for (std::size_t i = 0; i < count; ++i) put(i, short_at(numbers + i * step));
      return;
    }
    if (count > 0) put(0, fold(short_at(numbers)));
    for (std::size_t i = 1; i < count; ++i) {
      put(i, fold(static_cast<std::uint16_t>(short_at(numbers + i * step) - short_at(numbers + (i - 1) * step))));
    }
  });
}

void join_shorts(const Piece& piece, const PlanePair& planes, std::size_t offset) {
  const auto [first, bytes_apart] = piece.numbers_at(offset);
  with_step<2>(bytes_apart, [&, first = first](auto step) {
    std::byte* const numbers = first;
    const std::uint8_t* const low = planes[0].data();
    const std::uint8_t* const high = planes[1].data();
    const std::size_t count = piece.count;
    const auto value_at = [=](std::size_t i) { return static_cast<std::uint16_t>(low[i] | (high[i] << 8)); };
    if (!piece.array->smooth) {
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint16_t value = value_at(i);
        std::memcpy(numbers + i * step, &value, sizeof value);
      }
      return;
    }
    std::uint16_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      value = static_cast<std::uint16_t>(unfold(value_at(i)) + value);
      std::memcpy(numbers + i * step, &value, sizeof value);
    }
  });
}

void split_bytes(const Piece& piece, std::size_t offset, std::vector<std::uint8_t>& plane) {
  const auto [first, bytes_apart] = piece.numbers_at(offset);
  with_step<1>(bytes_apart, [&, first = first](auto step) {
    const std::byte* const numbers = first;
    std::uint8_t* const bytes = plane.data();
    const std::size_t count = piece.count;
    const auto value_at = [=](std::size_t i) { return std::to_integer<std::uint8_t>(numbers[i * step]); };
    if (!piece.array->smooth) {
      for (std::size_t i = 0; i < count; ++i) bytes[i] = value_at(i);
      return;
    }
    if (count > 0) bytes[0] = value_at(0);
    for (std::size_t i = 1; i < count; ++i) bytes[i] = static_cast<std::uint8_t>(value_at(i) - value_at(i - 1));
  });
}

void join_bytes(const Piece& piece, const std::vector<std::uint8_t>& plane, std::size_t offset) {
  const auto [first, bytes_apart] = piece.numbers_at(offset);
  with_step<1>(bytes_apart, [&, first = first](auto step) {
    std::byte* const numbers = first;
    const std::uint8_t* const bytes = plane.data();
    const std::size_t count = piece.count;
    const bool is_smooth = piece.array->smooth;
    std::uint8_t before = 0;
    for (std::size_t i = 0; i < count; ++i) {
      before = is_smooth ? static_cast<std::uint8_t>(bytes[i] + before) : bytes[i];
      numbers[i * step] = std::byte{before};
    }
  });
}

std::string compress_piece(const Piece& piece) {
  const StateArray& array = *piece.array;
  const std::size_t count = piece.count;
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  if (!context) throw std::bad_alloc();
  const auto set = [&](ZSTD_cParameter parameter, int value) {
    if (ZSTD_isError(ZSTD_CCtx_setParameter(context.get(), parameter, value)) != 0) throw std::bad_alloc();
  };
  // What little repeats does so at once and at length.
  set(ZSTD_c_compressionLevel, 1);
  set(ZSTD_c_hashLog, 8);
  set(ZSTD_c_minMatch, 7);
  std::vector<char> room(ZSTD_compressBound(count));
  std::string result;
  const auto add = [&](const std::vector<std::uint8_t>& plane) {
    const std::size_t size = ZSTD_compress2(context.get(), room.data(), room.size(), plane.data(), count);
    if (ZSTD_isError(size) != 0) throw std::runtime_error(std::string("zstd: ") + ZSTD_getErrorName(size));
    result += encoded(size, 4);
    result.append(room.data(), size);
  };
  PlanePair planes{std::vector<std::uint8_t>(count), std::vector<std::uint8_t>(count)};
  for (std::size_t number = 0; number < array.shorts; ++number) {
    split_shorts(piece, 2 * number, planes);
    add(planes[0]);
    add(planes[1]);
  }
  for (std::size_t offset = 2 * array.shorts; offset < array.element_bytes; ++offset) {
    split_bytes(piece, offset, planes[0]);
    add(planes[0]);
  }
  return result;
}

void expand_piece(const Piece& piece, std::string_view compressed, const std::string& path) {
  const StateArray& array = *piece.array;
  const std::size_t count = piece.count;
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  if (!context) throw std::bad_alloc();
  Taker taker(compressed, path);
  const auto take = [&](std::vector<std::uint8_t>& plane) {
    const std::string_view frame = taker.bytes(taker.number(4));
    if (ZSTD_decompressDCtx(context.get(), plane.data(), count, frame.data(), frame.size()) != count) {
      fail(path, damaged);
    }
  };
  PlanePair planes{std::vector<std::uint8_t>(count), std::vector<std::uint8_t>(count)};
  for (std::size_t number = 0; number < array.shorts; ++number) {
    take(planes[0]);
    take(planes[1]);
    join_shorts(piece, planes, 2 * number);
  }
  for (std::size_t offset = 2 * array.shorts; offset < array.element_bytes; ++offset) {
    take(planes[0]);
    join_bytes(piece, planes[0], offset);
  }
  if (!taker.at_end()) fail(path, damaged);
}

/// The pieces of all arrays, in order.
std::vector<Piece> pieces_of(std::span<const StateArray> arrays) {
  std::vector<Piece> pieces;
  for (const StateArray& array : arrays) {
    const std::size_t elements = array.elements();
    for (std::size_t first = 0; first < elements; first += piece_elements)
      pieces.push_back({&array, first, std::min(piece_elements, elements - first)});
  }
  return pieces;
}

/// Has the system clear the memory of arrays before they are filled: the first pieces of an array in planes would have
/// all of its large pages cleared by one thread, and others wait for it.
void touch(std::span<const StateArray> arrays, const std::function<bool(const StateArray&)>& is_wanted,
           const ParallelFor& parallel) {
  constexpr std::size_t small_page = 4096;
  constexpr std::size_t large_page = std::size_t{2} << 20;
  std::vector<std::span<std::byte>> parts;
  for (const StateArray& array : arrays) {
    if (!is_wanted(array)) continue;
    for (std::size_t at = 0; at < array.bytes.size(); at += large_page) {
      parts.push_back(array.bytes.subspan(at, std::min(large_page, array.bytes.size() - at)));
    }
  }
  parallel(static_cast<int>(parts.size()), [&](int i) {
    const std::span<std::byte> part = parts[static_cast<std::size_t>(i)];
    for (std::size_t at = 0; at < part.size(); at += small_page) part[at] = std::byte{0};
  });
}

/// What stands before the pieces of an array.
std::string description(const StateArray& array) {
  return encoded(array.name.size()) + std::string(array.name) + encoded(array.element_bytes) + encoded(array.shorts) +
         encoded(array.smooth ? 1 : 0) + encoded(array.elements());
}

struct Opened {
  std::ifstream in;  // past the mark
  int format = 0;
};

Opened opened(const std::string& path) {
  std::error_code error;
  // What is no regular file may never end.
  if (!std::filesystem::is_regular_file(path, error)) fail(path, "cannot be read: no regular file");
  Opened file{std::ifstream(path, std::ios::binary), 0};
  if (!file.in) fail(path, "cannot be read");
  std::array<char, mark.size() + format_digits> found{};
  if (!file.in.read(found.data(), found.size())) fail(path, damaged);
  const std::string_view text(found.data(), found.size());
  const char tens = text[mark.size()];
  const char ones = text[mark.size() + 1];
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!text.starts_with(mark) || !is_digit(tens) || !is_digit(ones)) fail(path, "is no state, or damaged");
  file.format = 10 * (tens - '0') + (ones - '0');
  const std::string which = "is of format " + std::to_string(file.format);
  if (file.format > state_format) {
    throw ConfigError(path + ": " + which + ", of a newer version of this program, which reads up to " +
                      std::to_string(state_format));
  }
  if (file.format < oldest_state_format) fail(path, which + ", which this program does not read any more");
  return file;
}

std::string read_rest(std::ifstream& in, std::uint64_t bytes, const std::string& path) {
  std::error_code error;
  const std::uintmax_t all = std::filesystem::file_size(path, error);
  const auto place = static_cast<std::uintmax_t>(in.tellg());
  constexpr std::uintmax_t most_bytes = std::uintmax_t{4} << 30;  // of a pane there are some tens of megabytes
  if (error || place > all || bytes > all - place || all > most_bytes) fail(path, damaged);
  std::string text(bytes, '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(text.size()))) fail(path, damaged);
  return text;
}

}  // namespace

void write_state_file(const std::string& path, std::string_view header, std::span<const StateArray> arrays,
                      const ParallelFor& parallel) {
  const std::vector<Piece> pieces = pieces_of(arrays);
  std::vector<std::string> compressed(pieces.size());
  parallel(static_cast<int>(pieces.size()), [&](int i) {
    const auto n = static_cast<std::size_t>(i);
    compressed[n] = compress_piece(pieces[n]);
  });

  std::vector<std::string> lengths;  // kept for the views
  std::vector<std::string_view> body;
  std::vector<std::string> descriptions;
  lengths.reserve(pieces.size() + 2);
  descriptions.reserve(arrays.size());
  const auto put_number = [&](std::uint64_t number) { body.push_back(lengths.emplace_back(encoded(number))); };
  put_number(header.size());
  body.push_back(header);
  put_number(arrays.size());
  std::size_t next = 0;
  for (const StateArray& array : arrays) {
    body.push_back(descriptions.emplace_back(description(array)));
    for (; next < pieces.size() && pieces[next].array == &array; ++next) {
      put_number(compressed[next].size());
      body.push_back(compressed[next]);
    }
  }
  Digest digest;
  for (const std::string_view part : body) digest.add(part);
  AtomicFile file(path);
  static_assert(state_format < 10);
  file.append(std::string(mark) + "0" + std::to_string(state_format));
  file.append(digest.finish());
  for (const std::string_view part : body) file.append(part);
  file.commit();
}

StateFile::StateFile(const std::string& path) : path_(path) {
  auto [in, format] = opened(path);
  format_ = format;
  const std::string expected = read_rest(in, digest_bytes, path);
  const std::string header_size = read_rest(in, 8, path);
  header_ = read_rest(in, Taker(header_size, path).number(), path);
  std::error_code error;
  const std::uintmax_t all = std::filesystem::file_size(path, error);
  if (error) fail(path, "cannot be read");
  arrays_ = read_rest(in, all - static_cast<std::uintmax_t>(in.tellg()), path);
  Digest digest;
  for (const std::string_view part :
       {std::string_view(header_size), std::string_view(header_), std::string_view(arrays_)}) {
    digest.add(part);
  }
  if (digest.finish() != expected) fail(path, damaged);
}

void StateFile::unpack(std::span<const StateArray> arrays, const ParallelFor& parallel) const {
  unpack_pieces(
      arrays, [](const StateArray&) { return true; }, parallel);
}

void StateFile::unpack_some(std::span<const std::string_view> names, std::span<const StateArray> arrays,
                            const ParallelFor& parallel) const {
  unpack_pieces(
      arrays, [&](const StateArray& array) { return std::find(names.begin(), names.end(), array.name) != names.end(); },
      parallel);
}

void StateFile::unpack_pieces(std::span<const StateArray> arrays,
                              const std::function<bool(const StateArray&)>& is_wanted,
                              const ParallelFor& parallel) const {
  Taker taker(arrays_, path_);
  if (taker.number() != arrays.size()) fail(path_, "has other arrays");
  const std::vector<Piece> pieces = pieces_of(arrays);
  std::vector<std::string_view> compressed;
  for (const StateArray& array : arrays) {
    const std::string expected = description(array);
    if (taker.bytes(expected.size()) != expected) {
      fail(path_, "array '" + std::string(array.name) + "' is missing or of another size");
    }
    while (compressed.size() < pieces.size() && pieces[compressed.size()].array == &array) {
      compressed.push_back(taker.text());
    }
  }
  if (!taker.at_end()) fail(path_, damaged);
  std::vector<std::size_t> wanted;
  for (std::size_t n = 0; n < pieces.size(); ++n) {
    if (is_wanted(*pieces[n].array)) wanted.push_back(n);
  }
  touch(arrays, is_wanted, parallel);
  parallel(static_cast<int>(wanted.size()), [&](int i) {
    const std::size_t n = wanted[static_cast<std::size_t>(i)];
    expand_piece(pieces[n], compressed[n], path_);
  });
}

void check_state_file(const std::string& path) { static_cast<void>(StateFile(path)); }

StateHeader read_state_header(const std::string& path) {
  auto [in, format] = opened(path);
  read_rest(in, digest_bytes, path);
  const std::string size = read_rest(in, 8, path);
  return {format, read_rest(in, Taker(size, path).number(), path)};
}

}  // namespace pitwatch
