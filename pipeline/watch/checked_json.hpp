#pragma once
// Members of JSON that may hold anything: each is what it is asked for, or the object is refused. For .cpp files.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/core/date.hpp"

namespace pitwatch {

using TextPairs = std::vector<std::pair<std::string, std::string>>;

/// Throws DataError, naming the member. What it is made with must live as long as it does.
class CheckedObject {
 public:
  explicit CheckedObject(const nlohmann::json& object);

  const nlohmann::json& at(const char* key) const;
  std::string text(const char* key) const;
  std::int64_t number(const char* key, std::int64_t most = 1'000'000'000) const;  // whole, 0..most
  double seconds(const char* key) const;                                          // 0 and more
  bool flag(const char* key) const;
  Instant time(const char* key) const;
  std::optional<Instant> time_or_null(const char* key) const;
  const nlohmann::json& list(const char* key) const;
  std::vector<std::string> texts(const char* key) const;
  TextPairs text_pairs(const char* key) const;  // [["scene", "why"], ...]

 private:
  const nlohmann::json& object_;
};

/// The same as JSON.
nlohmann::ordered_json pairs_json(const TextPairs& pairs);

/// The instant that a state's number of milliseconds since 1970 stands for. Throws DataError for another value, and for
/// a time that is not of the years 0000 to 9999.
Instant instant_of_milliseconds(const nlohmann::json& value);

}  // namespace pitwatch
