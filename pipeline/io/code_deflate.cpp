#include "pipeline/io/code_deflate.hpp"

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
constexpr int longest_match = 258;  // bytes
constexpr int window_bytes = 32768;
constexpr std::uint32_t adler_modulus = 65521;

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

struct SymbolAndExtra {
  std::size_t symbol = 0;
  std::uint32_t extra = 0;
  unsigned extra_bits = 0;
};

/// Lengths 3..258 in bytes (3.2.5): four symbols per power of two; 258 has one of its own.
SymbolAndExtra length_symbol(int length) {
  if (length == longest_match) return {285, 0, 0};
  const auto value = static_cast<std::uint32_t>(length - 3);
  if (value < 8) return {257 + value, 0, 0};
  const auto extra_bits = static_cast<unsigned>(std::bit_width(value)) - 3;
  return {257 + 4 * extra_bits + (value >> extra_bits), value & ((1U << extra_bits) - 1), extra_bits};
}

/// Distances 1..32768 in bytes: two symbols per power of two.
SymbolAndExtra distance_symbol(int distance) {
  const auto value = static_cast<std::uint32_t>(distance - 1);
  if (value < 4) return {value, 0, 0};
  const auto extra_bits = static_cast<unsigned>(std::bit_width(value)) - 2;
  return {2 * extra_bits + (value >> extra_bits), value & ((1U << extra_bits) - 1), extra_bits};
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
std::uint32_t CodeDeflate::adler32(std::span<const std::uint8_t> codes, std::span<const Token> tokens) const {
  std::uint64_t a = 1;
  std::uint64_t b = 0;
  const auto pixel_bytes = static_cast<std::uint64_t>(pixel_bytes_);
  const auto add = [&](std::uint8_t code, std::uint64_t n) {
    const std::uint64_t sum = byte_sum_[code];
    b += n * (pixel_bytes * a + weighted_sum_[code]) + pixel_bytes * sum * (n * (n - 1) / 2);
    a += n * sum;
  };
  std::size_t position = 0;
  for (const Token& token : tokens) {
    if (token.distance <= 1) {
      add(codes[position], token.length);
    } else {
      for (std::size_t i = 0; i < token.length; ++i) add(codes[position + i], 1);
    }
    position += token.length;
    // Far from what 64 bits hold: a token adds at most 258 bytes.
    if (b >= std::uint64_t{1} << 48) b %= adler_modulus;
    if (a >= std::uint64_t{1} << 24) a %= adler_modulus;
  }
  return static_cast<std::uint32_t>(b % adler_modulus << 16 | a % adler_modulus);
}

/// How many codes are alike from `a` and from `b` on, at most `most`.
int CodeDeflate::common_length(const std::uint8_t* a, const std::uint8_t* b, int most) {
  int n = 0;
  for (; n + 8 <= most; n += 8) {
    std::uint64_t x;
    std::uint64_t y;
    std::memcpy(&x, a + n, 8);
    std::memcpy(&y, b + n, 8);
    if (x != y) return n + std::countr_zero(x ^ y) / 8;
  }
  while (n < most && a[n] == b[n]) ++n;
  return n;
}

void CodeDeflate::find_matches(std::span<const std::uint8_t> codes, std::vector<Token>& tokens) const {
  const int count = static_cast<int>(codes.size());
  const int window_px = window_bytes / pixel_bytes_;
  const int longest_px = longest_match / pixel_bytes_;
  // Shorter ones cost more bits than the pixels themselves; of a run that is not so.
  const int shortest_px = pixel_bytes_ == 1 ? 4 : 2;
  const int shortest_run_px = pixel_bytes_ == 1 ? 3 : 1;
  std::array<int, 256> last_seen;
  last_seen.fill(-window_px - 1);
  const auto code_at = [&](int i) { return codes[static_cast<std::size_t>(i)]; };
  tokens.clear();
  for (int i = 0; i < count;) {
    const int seen = last_seen[code_at(i)];
    int length = 0;
    if (i - seen <= window_px) {
      length = common_length(&codes[static_cast<std::size_t>(seen)], &codes[static_cast<std::size_t>(i)],
                             std::min(longest_px, count - i));
    }
    if (length >= (seen == i - 1 ? shortest_run_px : shortest_px)) {
      tokens.push_back({static_cast<std::uint16_t>(length), static_cast<std::uint16_t>(i - seen)});
      // Of the pixels passed over the last few are remembered: nearly as good as all, and cheaper.
      constexpr int remembered = 4;
      for (int k = std::max(i, i + length - remembered); k < i + length; ++k) last_seen[code_at(k)] = k;
      i += length;
    } else {
      tokens.push_back({1, 0});
      last_seen[code_at(i)] = i;
      ++i;
    }
  }
}

std::vector<std::uint8_t> CodeDeflate::compress(std::span<const std::uint8_t> codes) const {
  thread_local std::vector<Token> tokens;
  find_matches(codes, tokens);

  std::array<std::uint64_t, 256> pixels_spelled{};
  std::array<std::uint64_t, longest_match + 1> lengths_used{};  // in pixels
  std::vector<std::uint64_t> distance_frequency(distance_count, 0);
  std::size_t position = 0;
  for (const Token& token : tokens) {
    if (token.distance == 0) {
      ++pixels_spelled[codes[position]];
    } else {
      ++lengths_used[token.length];
      ++distance_frequency[distance_symbol(token.distance * pixel_bytes_).symbol];
    }
    position += token.length;
  }
  std::vector<std::uint64_t> literal_frequency(literal_count, 0);
  const auto pixel_bytes = static_cast<std::size_t>(pixel_bytes_);
  for (std::size_t i = 0; i < bytes_.size(); ++i) literal_frequency[bytes_[i]] += pixels_spelled[i / pixel_bytes];
  for (std::size_t px = 0; px < lengths_used.size(); ++px) {
    if (lengths_used[px] == 0) continue;
    literal_frequency[length_symbol(static_cast<int>(px) * pixel_bytes_).symbol] += lengths_used[px];
  }
  // A code needs two symbols to be complete.
  literal_frequency[end_of_block] = 1;
  ++literal_frequency[0];
  ++distance_frequency[0];
  ++distance_frequency[1];
  const std::vector<unsigned> literal_lengths = code_lengths(literal_frequency);
  const std::vector<unsigned> distance_lengths = code_lengths(distance_frequency);
  const PrefixCode literal_code = canonical_code(literal_lengths);
  const PrefixCode distance_code = canonical_code(distance_lengths);

  std::array<Bits, 256> pixel_bits;
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    const Bits& byte = literal_code[bytes_[i]];
    if (pixels_spelled[i / pixel_bytes] > 0) pixel_bits[i / pixel_bytes].append(byte.value, byte.count);
  }
  std::array<Bits, longest_match + 1> length_bits;
  for (std::size_t px = 0; px < lengths_used.size(); ++px) {
    if (lengths_used[px] == 0) continue;
    const SymbolAndExtra found = length_symbol(static_cast<int>(px) * pixel_bytes_);
    length_bits[px] = literal_code[found.symbol];
    length_bits[px].append(found.extra, found.extra_bits);
  }

  // Bounds: a pixel of four bytes takes 60 bits, a match 48. Kept by the thread, since clearing it costs.
  thread_local std::vector<std::uint8_t> out;
  if (out.size() < tokens.size() * 8 + 512) out.resize(tokens.size() * 8 + 512);
  out[0] = 0x78;  // deflate, window of 32 KiB
  out[1] = 0x01;  // fastest; makes the two bytes a multiple of 31
  BitWriter bits(&out[2]);
  put_header(bits, literal_lengths, distance_lengths);
  position = 0;
  for (const Token& token : tokens) {
    if (token.distance == 0) {
      bits.put(pixel_bits[codes[position]]);
    } else {
      Bits match = length_bits[token.length];
      const SymbolAndExtra distance = distance_symbol(token.distance * pixel_bytes_);
      match.append(distance_code[distance.symbol].value, distance_code[distance.symbol].count);
      match.append(distance.extra, distance.extra_bits);
      bits.put(match);
    }
    position += token.length;
  }
  bits.put(literal_code[end_of_block]);
  std::uint8_t* end = bits.finish();
  const std::uint32_t checksum = adler32(codes, tokens);
  for (int shift = 24; shift >= 0; shift -= 8) *end++ = static_cast<std::uint8_t>(checksum >> shift);
  return {out.data(), end};
}

}  // namespace pitwatch
