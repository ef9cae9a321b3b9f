#pragma once
// Dates and numbers in tables, as they are written in several countries.

#include <optional>
#include <string>
#include <string_view>

#include "pipeline/core/date.hpp"

namespace pitwatch {

/// As parse_instant(), and "31.12.2021", also with "08:06" or "08:06:01" behind it: the day first, where points divide.
/// `day_first` becomes true for such a text. Throws DataError naming the text; of "05/06/2021", which may be either, it
/// says so.
Instant parse_table_date(std::string_view text, bool& day_first);

/// Numbers of one table: all with a decimal point, or all with a decimal comma.
class TableNumbers {
 public:
  /// A table whose cells are divided by commas has no decimal ones.
  explicit TableNumbers(bool may_have_commas) : may_have_commas_(may_have_commas) {}

  /// Nothing for an empty text, "NA" and "NaN". Throws DataError, with the text, for what is no number, and for a comma
  /// where another number has a point, or the other way round.
  std::optional<float> read(std::string_view text);

  /// Throws DataError where all commas stand before three digits ("1,234"): they may divide thousands.
  void check() const;

  bool has_commas() const { return mark_ == ','; }

 private:
  bool may_have_commas_;
  char mark_ = 0;               // '.' or ',', once seen
  std::string like_thousands_;  // a number whose comma may be either, while none is known to be decimal
  bool is_sure_ = false;
};

}  // namespace pitwatch
