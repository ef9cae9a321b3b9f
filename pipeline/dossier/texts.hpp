#pragma once
// Texts, numbers and dates in the language of a reader.

#include <array>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "pipeline/core/date.hpp"

namespace pitwatch {

inline constexpr std::array<std::string_view, 3> dossier_languages{"en", "az", "ru"};

/// What stands for {name} in a text.
using TextValues = std::initializer_list<std::pair<std::string_view, std::string>>;

/// A catalogue: texts/LANGUAGE.json. Thread-safe once made.
class Texts {
 public:
  /// Throws ConfigError for a language that is none of dossier_languages.
  explicit Texts(std::string_view language);

  const std::string& language() const { return language_; }
  const std::map<std::string, std::string>& all() const { return texts_; }

  /// A text by its key, with what stands for its {names}. Values are put in as they are, whatever braces they hold.
  /// Throws std::out_of_range for a key, and std::invalid_argument for a name, that is not there.
  const std::string& operator()(std::string_view key) const;
  std::string operator()(std::string_view key, TextValues values) const;

  /// With the language's decimal mark; "" for what is no number.
  std::string number(double value, int decimals) const;
  /// Of a share 0..1: "12.3 %".
  std::string percent(double share, int decimals = 0) const;
  std::string hectares(double area_ha) const;
  /// "450 m" below ten kilometres, else "12.4 km".
  std::string distance(double metres) const;

  /// "9 February 2022"; "2022-02-09"; "2022-02-09 07:44:58": all UTC.
  std::string day(Instant instant) const;
  std::string short_day(Instant instant) const;
  std::string time(Instant instant) const;

 private:
  std::string language_;
  std::map<std::string, std::string> texts_;
  std::array<std::string, 12> months_;
};

}  // namespace pitwatch
