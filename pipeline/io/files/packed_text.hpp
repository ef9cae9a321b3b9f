#pragma once
// Values in a row of bytes, for files that this program alone reads again. Numbers are little-endian, texts have their
// length before them.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "pipeline/core/error.hpp"

namespace pitwatch {

/// Appends values to a text.
class Packer {
 public:
  void add(std::uint64_t value) {
    for (std::size_t i = 0; i < sizeof value; ++i) text_.push_back(static_cast<char>(value >> (8 * i)));
  }
  void add(std::int64_t value) { add(static_cast<std::uint64_t>(value)); }
  void add(std::uint16_t value) { add(std::uint64_t{value}); }
  void add(int value) { add(static_cast<std::int64_t>(value)); }
  void add(bool value) { text_.push_back(value ? '\1' : '\0'); }
  void add(double value) { add(std::bit_cast<std::uint64_t>(value)); }
  void add(float value) { add(std::uint64_t{std::bit_cast<std::uint32_t>(value)}); }
  void add(std::string_view value) {
    add(std::uint64_t{value.size()});
    text_.append(value);
  }
  void add(const std::string& value) { add(std::string_view(value)); }
  void add(const char* value) = delete;  // would be a bool
  template <typename T>
  void add(const std::optional<T>& value) {
    add(value.has_value());
    if (value) add(*value);
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// Takes them out again, in the same order. Throws DataError where the text ends before, and for a length beyond it.
class Unpacker {
 public:
  explicit Unpacker(std::string_view text) : rest_(text) {}

  void get(std::uint64_t& value) {
    value = 0;
    std::size_t i = 0;
    for (const char c : bytes(sizeof value)) value |= std::uint64_t{static_cast<unsigned char>(c)} << (8 * i++);
  }
  void get(std::int64_t& value) { value = static_cast<std::int64_t>(number()); }
  void get(std::uint16_t& value) { value = static_cast<std::uint16_t>(number()); }
  void get(int& value) { value = static_cast<int>(static_cast<std::int64_t>(number())); }
  void get(bool& value) { value = bytes(1).front() != '\0'; }
  void get(double& value) { value = std::bit_cast<double>(number()); }
  void get(float& value) { value = std::bit_cast<float>(static_cast<std::uint32_t>(number())); }
  void get(std::string& value) { value = text(); }
  template <typename T>
  void get(std::optional<T>& value) {
    value.reset();
    if (bytes(1).front() != '\0') get(value.emplace());
  }

  /// Without a copy, as long as what is unpacked lives.
  std::string_view text() { return bytes(number()); }

  /// How many things follow, of which each takes a byte at least.
  std::size_t count() {
    const std::uint64_t number_of = number();
    if (number_of > rest_.size()) throw DataError("is cut off or damaged");
    return static_cast<std::size_t>(number_of);
  }

  bool at_end() const { return rest_.empty(); }

 private:
  std::uint64_t number() {
    std::uint64_t value = 0;
    get(value);
    return value;
  }
  std::string_view bytes(std::uint64_t size) {
    if (size > rest_.size()) throw DataError("is cut off or damaged");
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(static_cast<std::size_t>(size));
    return taken;
  }

  std::string_view rest_;
};

}  // namespace pitwatch
