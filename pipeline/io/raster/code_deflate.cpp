#include "pipeline/io/raster/code_deflate.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <functional>
#include <queue>

namespace pitwatch {
namespace {

// RFC 1951.
constexpr std::size_t literal_count = 286;  // bytes, the end of the block, and lengths
constexpr std::size_t distance_count = 30;
constexpr std::size_t end_of_block = 256;
constexpr unsigned longest_code = 15;
constexpr std::size_t longest_match = 258;  // bytes
constexpr std::uint32_t adler_modulus = 65521;
constexpr std::size_t first_run = 256;  // in a list of tokens: below it a code, from it on a run by its length
constexpr std::size_t token_count = first_run + longest_match + 1;

std::uint32_t reversed(std::uint32_t value, unsigned bits) {
  std::uint32_t result = 0;
  for (unsigned i = 0; i < bits; ++i) result |= (value >> i & 1U) << (bits - 1 - i);
  return result;
}

/// Some bits of the stream, the first in the lowest place.
struct Bits {
  std::uint64_t value = 0;
  unsigned count = 0;

  void append(std::uint64_t more, unsigned more_count) {
    value |= more << count;
    count += more_count;
  }
};

struct LengthSymbol {
  std::size_t symbol = 0;
  std::uint32_t extra = 0;
  unsigned extra_bits = 0;
};

/// Lengths 3..258 in bytes (3.2.5): four symbols per power of two; 258 has one of its own.
LengthSymbol length_symbol(std::size_t length) {
  if (length == longest_match) return {285, 0, 0};
  const auto value = static_cast<std::uint32_t>(length - 3);
  if (value < 8) return {257 + value, 0, 0};
  const auto extra_bits = static_cast<unsigned>(std::bit_width(value)) - 3;
  return {257 + 4 * extra_bits + (value >> extra_bits), value & ((1U << extra_bits) - 1), extra_bits};
}

/// A canonical prefix code (3.2.2): the bits of each symbol, ready for the stream.
using PrefixCode = std::vector<Bits>;

/// Code lengths of a Huffman code (Huffman 1952) of at most longest_code bits, by flattening the frequencies until it
/// fits; 0 for symbols that do not occur. At least two symbols must occur.
std::vector<unsigned> code_lengths(std::vector<std::uint64_t> frequency) {
  struct Node {
    std::uint64_t weight;
    int left;
    int right;
  };
  for (;;) {
    std::vector<Node> nodes;
    using Entry = std::pair<std::uint64_t, int>;  // weight, node; ties go to the older node, so the code is one
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
    for (const std::uint64_t weight : frequency) {
      if (weight > 0) queue.emplace(weight, static_cast<int>(nodes.size()));
      nodes.push_back({weight, -1, -1});
    }
    while (queue.size() > 1) {
      const Entry a = queue.top();
      queue.pop();
      const Entry b = queue.top();
      queue.pop();
      queue.emplace(a.first + b.first, static_cast<int>(nodes.size()));
      nodes.push_back({a.first + b.first, a.second, b.second});
    }
    // Children come before their parents: depths go from the root, the last node, down.
    std::vector<unsigned> depth(nodes.size(), 0);
    for (std::size_t i = nodes.size(); i-- > frequency.size();) {
      depth[static_cast<std::size_t>(nodes[i].left)] = depth[i] + 1;
      depth[static_cast<std::size_t>(nodes[i].right)] = depth[i] + 1;
    }
    depth.resize(frequency.size());
    if (*std::max_element(depth.begin(), depth.end()) <= longest_code) return depth;
    for (std::uint64_t& weight : frequency) weight = weight == 0 ? 0 : weight / 4 + 1;
  }
}

PrefixCode canonical_code(const std::vector<unsigned>& lengths) {
  std::array<std::uint32_t, longest_code + 2> next{};
  for (const unsigned length : lengths) next[length + 1] += length > 0 ? 1 : 0;
  std::uint32_t code = 0;
  for (std::size_t bits = 1; bits <= longest_code; ++bits) {
    code = (code + next[bits]) << 1;
    next[bits] = code;
  }
  // next[b] now is the first code of b bits.
  PrefixCode result(lengths.size());
  for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
    const unsigned bits = lengths[symbol];
    if (bits > 0) result[symbol] = {reversed(next[bits]++, bits), bits};
  }
  return result;
}

/// Collects bits into bytes of a buffer that is large enough.
class BitWriter {
 public:
  explicit BitWriter(std::uint8_t* out) : out_(out) {}

  /// At most 64 bits at a time.
  void put(const Bits& bits) {
    held_ |= bits.value << filled_;
    const unsigned before = filled_;
    filled_ += bits.count;
    if (filled_ >= 64) {
      store();
      out_ += 8;
      filled_ -= 64;
      held_ = before == 0 ? 0 : bits.value >> (64 - before);
    }
  }
  /// Fills up the last byte; returns where the next would go.
  std::uint8_t* finish() {
    store();
    return out_ + (filled_ + 7) / 8;
  }

 private:
  void store() {
    for (unsigned i = 0; i < 8; ++i) out_[i] = static_cast<std::uint8_t>(held_ >> (8 * i));
  }

  std::uint8_t* out_;
  std::uint64_t held_ = 0;
  unsigned filled_ = 0;
};

/// Header of the block (3.2.7). The lengths are written with a code of four bits for each of 0..15, without
/// repetitions.
void put_header(BitWriter& out, const std::vector<unsigned>& literal_lengths,
                const std::vector<unsigned>& distance_lengths) {
  out.put({0b101, 3});  // last block, Huffman code of its own
  out.put({literal_count - 257, 5});
  out.put({distance_count - 1, 5});
  out.put({19 - 4, 4});
  for (int i = 0; i < 19; ++i) out.put({i < 3 ? 0U : 4U, 3});  // 16, 17 and 18, the repetitions, come first
  for (const auto* lengths : {&literal_lengths, &distance_lengths}) {
    for (const unsigned length : *lengths) out.put({reversed(length, 4), 4});
  }
}

}  // namespace

CodeDeflate::CodeDeflate(const BytesOfCode& bytes_of_code) : pixel_bytes_(static_cast<int>(bytes_of_code[0].size())) {
  assert(pixel_bytes_ == 1 || pixel_bytes_ == 4);
  for (std::size_t code = 0; code < bytes_of_code.size(); ++code) {
    bytes_.insert(bytes_.end(), bytes_of_code[code].begin(), bytes_of_code[code].end());
    auto remaining = static_cast<std::uint32_t>(pixel_bytes_);
    for (const std::uint8_t byte : bytes_of_code[code]) {
      byte_sum_[code] += byte;
      weighted_sum_[code] += byte * remaining--;
    }
  }
}

/// Adler-32 (RFC 1950) of the pixels' bytes, from sums by code: a run in one step.
std::uint32_t CodeDeflate::adler32(std::span<const Token> tokens) const {
  std::uint64_t a = 1;
  std::uint64_t b = 0;
  const auto pixel_bytes = static_cast<std::uint64_t>(pixel_bytes_);
  std::size_t code = 0;
  for (const Token token : tokens) {
    const bool is_run = token >= first_run;
    code = is_run ? code : token;
    const std::uint64_t n = is_run ? token - first_run : 1;
    const std::uint64_t sum = byte_sum_[code];
    b += n * (pixel_bytes * a + weighted_sum_[code]) + pixel_bytes * sum * (n * (n - 1) / 2);
    a += n * sum;
    // Far from what 64 bits hold: a token adds at most 258 bytes.
    if (b >= std::uint64_t{1} << 48) b %= adler_modulus;
    if (a >= std::uint64_t{1} << 24) a %= adler_modulus;
  }
  return static_cast<std::uint32_t>(b % adler_modulus << 16 | a % adler_modulus);
}

void CodeDeflate::find_runs(std::span<const std::uint8_t> codes, std::vector<Token>& tokens) const {
  const std::size_t longest_px = longest_match / static_cast<std::size_t>(pixel_bytes_);
  const std::size_t shortest_px = pixel_bytes_ == 1 ? 3 : 1;  // three bytes is the least that DEFLATE can repeat
  tokens.clear();
  for (std::size_t i = 0; i < codes.size();) {
    const std::uint8_t code = codes[i];
    const auto end = std::find_if(codes.begin() + static_cast<std::ptrdiff_t>(i) + 1, codes.end(),
                                  [code](std::uint8_t other) { return other != code; });
    std::size_t repeats = static_cast<std::size_t>(end - codes.begin()) - i - 1;
    i += repeats + 1;
    tokens.push_back(code);
    for (; repeats >= shortest_px; repeats -= std::min(repeats, longest_px)) {
      tokens.push_back(static_cast<Token>(first_run + std::min(repeats, longest_px)));
    }
    for (; repeats > 0; --repeats) tokens.push_back(code);
  }
}

std::vector<std::uint8_t> CodeDeflate::compress(std::span<const std::uint8_t> codes) const {
  thread_local std::vector<Token> tokens;
  find_runs(codes, tokens);

  std::array<std::uint64_t, token_count> used{};
  for (const Token token : tokens) ++used[token];
  std::vector<std::uint64_t> literal_frequency(literal_count, 0);
  const auto pixel_bytes = static_cast<std::size_t>(pixel_bytes_);
  for (std::size_t i = 0; i < bytes_.size(); ++i) literal_frequency[bytes_[i]] += used[i / pixel_bytes];
  for (std::size_t px = 1; px <= longest_match; ++px) {
    if (used[first_run + px] > 0) literal_frequency[length_symbol(px * pixel_bytes).symbol] += used[first_run + px];
  }
  // A code needs two symbols to be complete.
  literal_frequency[end_of_block] = 1;
  ++literal_frequency[0];
  const std::vector<unsigned> literal_lengths = code_lengths(literal_frequency);
  const PrefixCode literal_code = canonical_code(literal_lengths);
  // All runs repeat the pixel before them: distances 1 and 4 are symbols 0 and 3 without further bits. A code of two
  // symbols gives each one bit, 0 to the first and 1 to the second.
  std::vector<unsigned> distance_lengths(distance_count, 0);
  distance_lengths[0] = distance_lengths[3] = 1;
  const Bits distance{pixel_bytes_ == 1 ? 0U : 1U, 1};

  std::array<Bits, token_count> token_bits;
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    const Bits& byte = literal_code[bytes_[i]];
    if (used[i / pixel_bytes] > 0) token_bits[i / pixel_bytes].append(byte.value, byte.count);
  }
  for (std::size_t px = 1; px <= longest_match; ++px) {
    if (used[first_run + px] == 0) continue;
    const LengthSymbol length = length_symbol(px * pixel_bytes);
    Bits& bits = token_bits[first_run + px];
    bits = literal_code[length.symbol];
    bits.append(length.extra, length.extra_bits);
    bits.append(distance.value, distance.count);
  }

  // Bounds: a pixel of four bytes takes 60 bits, a match 48. Kept by the thread, since clearing it costs.
  thread_local std::vector<std::uint8_t> out;
  if (out.size() < tokens.size() * 8 + 512) out.resize(tokens.size() * 8 + 512);
  out[0] = 0x78;  // deflate, window of 32 KiB
  out[1] = 0x01;  // fastest; makes the two bytes a multiple of 31
  BitWriter bits(&out[2]);
  put_header(bits, literal_lengths, distance_lengths);
  for (const Token token : tokens) bits.put(token_bits[token]);
  bits.put(literal_code[end_of_block]);
  std::uint8_t* end = bits.finish();
  const std::uint32_t checksum = adler32(tokens);
  for (int shift = 24; shift >= 0; shift -= 8) *end++ = static_cast<std::uint8_t>(checksum >> shift);
  return {out.data(), end};
}

}  // namespace pitwatch
