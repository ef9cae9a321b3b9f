#include "pipeline/core/date.hpp"

#include <cctype>
#include <cstdio>
#include <optional>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

/// Reads fixed-width pieces off the front of a text.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  std::optional<int> digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (std::isdigit(static_cast<unsigned char>(rest_[i])) == 0) return std::nullopt;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  bool literal(std::string_view one_of) {
    if (rest_.empty() || one_of.find(rest_.front()) == std::string_view::npos) return false;
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  char last() const { return last_; }
  bool at(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool at_digit() const { return !rest_.empty() && std::isdigit(static_cast<unsigned char>(rest_.front())) != 0; }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  char last_ = '\0';
};

using Milliseconds = std::chrono::milliseconds;

/// ISO 8601 writes dates and times with separators or without.
enum class Form { extended, basic };

std::optional<std::chrono::sys_days> take_date(Cursor& in, Form& form) {
  using namespace std::chrono;
  const auto y = in.digits(4);
  if (!y) return std::nullopt;
  form = in.at('-') ? Form::extended : Form::basic;
  const auto separated = [&] { return form == Form::basic || in.literal("-"); };
  if (!separated()) return std::nullopt;
  const auto m = in.digits(2);
  if (!m || !separated()) return std::nullopt;
  const auto d = in.digits(2);
  if (!d) return std::nullopt;
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*m)}, day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return std::nullopt;
  return sys_days{date};
}

/// ".024" -> 24; further digits than milliseconds are dropped. Nothing for a point or comma without digits.
std::optional<int> take_fraction(Cursor& in) {
  if (!in.literal(".,")) return 0;
  if (!in.at_digit()) return std::nullopt;
  int ms = 0;
  for (int scale = 100; in.at_digit(); scale /= 10) ms += *in.digits(1) * scale;
  return ms;
}

std::optional<Milliseconds> take_time(Cursor& in, Form form) {
  using namespace std::chrono;
  const auto h = in.digits(2);
  if (!h || (form == Form::extended && !in.literal(":"))) return std::nullopt;
  const auto m = in.digits(2);
  if (!m) return std::nullopt;
  const bool has_seconds = form == Form::extended ? in.literal(":") : in.at_digit();
  const auto s = has_seconds ? in.digits(2) : 0;
  if (!s) return std::nullopt;
  const auto ms = has_seconds ? take_fraction(in) : 0;
  if (!ms || *h > 23 || *m > 59 || *s > 60) return std::nullopt;  // 60: a leap second
  return hours{*h} + minutes{*m} + seconds{*s} + milliseconds{*ms};
}

/// What UTC is behind: 0 for "Z" and for nothing.
std::optional<Milliseconds> take_offset(Cursor& in) {
  using namespace std::chrono;
  if (in.done() || in.literal("Zz")) return 0ms;
  if (!in.literal("+-")) return std::nullopt;
  const int sign = in.last() == '-' ? -1 : 1;
  const auto h = in.digits(2);
  const bool hours_alone = in.done();
  if (!hours_alone) in.literal(":");
  const auto m = hours_alone ? 0 : in.digits(2);
  if (!h || !m || *h > 23 || *m > 59) return std::nullopt;
  return sign * (hours{*h} + minutes{*m});
}

std::optional<Instant> try_parse(std::string_view text) {
  using namespace std::chrono;
  Cursor in(text);
  Form form{};
  const auto date = take_date(in, form);
  if (!date || in.done()) return date;
  if (!in.literal("Tt ")) return std::nullopt;
  const auto time = take_time(in, form);
  if (!time) return std::nullopt;
  const auto offset = take_offset(in);
  if (!offset || !in.done()) return std::nullopt;
  const Instant instant = *date + *time - *offset;
  // An offset or a leap second may lead out of the years that four digits can write.
  if (instant < sys_days{year{0} / 1 / 1} || instant >= sys_days{year{10000} / 1 / 1}) return std::nullopt;
  return instant;
}

}  // namespace

Instant parse_instant(std::string_view text) {
  if (const auto instant = try_parse(text)) return *instant;
  throw DataError("not an ISO 8601 date or time: '" + std::string(text.substr(0, 64)) + "'");
}

bool is_bare_day(std::string_view text) {
  Cursor in(text);
  Form form{};
  return take_date(in, form) && in.done();
}

Instant clock_now() { return std::chrono::floor<Instant::duration>(std::chrono::system_clock::now()); }

Instant last_instant(std::string_view text) {
  const Instant instant = parse_instant(text);
  return is_bare_day(text) ? instant + std::chrono::days(1) - Instant::duration(1) : instant;
}

std::string format_day(Instant instant) {
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(instant)};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()));
  return text;
}

std::string format_instant(Instant instant) {
  const std::chrono::hh_mm_ss time{instant - std::chrono::floor<std::chrono::days>(instant)};
  char text[32];
  std::snprintf(text, sizeof text, "T%02d:%02d:%02d", static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  std::string result = format_day(instant) + text;
  if (const auto ms = time.subseconds().count(); ms != 0) {
    std::snprintf(text, sizeof text, ".%03d", static_cast<int>(ms));
    result += text;
  }
  return result + "Z";
}

}  // namespace pitwatch
