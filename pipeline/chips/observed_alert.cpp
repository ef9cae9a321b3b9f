#include "pipeline/chips/observed_alert.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "pipeline/chips/chip_store.hpp"
#include "pipeline/core/error.hpp"
#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/atomic_file.hpp"
#include "pipeline/io/files/csv_table.hpp"
#include "pipeline/io/files/folder_lock.hpp"
#include "pipeline/io/files/regular_file.hpp"

namespace pitwatch {
namespace {

constexpr std::uint64_t largest_table_bytes = std::uint64_t{64} << 20;
constexpr int decimals = 4;

const std::vector<std::string>& columns() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all{"acquisition", "acquired",       "use",        "why",
                                 "clear_share", "detected_share", "probability"};
    for (const std::string_view feature : observed_features) {
      for (const char* const suffix : {"", "_expected", "_sd"}) all.push_back(std::string(feature) + suffix);
    }
    return all;
  }();
  return names;
}

std::string number_text(const std::optional<double>& value) {
  return value ? fixed_text(*value, decimals) : std::string();
}

/// What csv_cell() put before a text that a spreadsheet would take for a formula goes again.
std::string text_of(const std::string& cell) {
  constexpr std::string_view formulas = "=+-@";
  const bool is_marked = cell.size() > 1 && cell[0] == '\'' && formulas.find(cell[1]) != std::string_view::npos;
  return is_marked ? cell.substr(1) : cell;
}

/// A row of a table under way.
class RowReader {
 public:
  explicit RowReader(const CsvRow& row) : row_(row) {}

  const std::string& cell(const std::string& column) const { return row_.cells.at(column); }

  std::optional<double> number(const std::string& column) const {
    const std::string& text = cell(column);
    if (text.empty()) return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) refuse(column);
    return value;
  }

  std::optional<double> optional_share(const std::string& column) const {
    const std::optional<double> value = number(column);
    if (value && !(*value >= 0 && *value <= 1)) refuse(column);
    return value;
  }

  double share(const std::string& column) const {
    const std::optional<double> value = optional_share(column);
    if (!value) refuse(column);
    return *value;
  }

  AlertSeen use() const {
    const auto found = std::find(alert_seen_names.begin(), alert_seen_names.end(), cell("use"));
    if (found == alert_seen_names.end()) refuse("use");
    return static_cast<AlertSeen>(found - alert_seen_names.begin());
  }

  [[noreturn]] void refuse(const std::string& column) const {
    throw DataError("line " + std::to_string(row_.line) + ": column " + column + ": '" + printable(cell(column)) +
                    "' cannot be");
  }

 private:
  const CsvRow& row_;
};

ObservedAlert observed(const CsvRow& row) {
  const RowReader reader(row);
  ObservedAlert result;
  result.acquisition = text_of(reader.cell("acquisition"));
  try {
    result.acquired = parse_instant(reader.cell("acquired"));
  } catch (const DataError&) {
    reader.refuse("acquired");
  }
  result.use = reader.use();
  result.why = text_of(reader.cell("why"));
  result.clear_share = reader.share("clear_share");
  result.detected_share = reader.share("detected_share");
  result.probability = reader.optional_share("probability");
  for (std::size_t i = 0; i < observed_features.size(); ++i) {
    const std::string feature(observed_features[i]);
    result.features[i] = {reader.number(feature), reader.number(feature + "_expected"), reader.number(feature + "_sd")};
  }
  return result;
}

std::string path_of(const std::string& state, const std::string& site, const std::string& alert_id) {
  return chips_folder(state, site, alert_id) + "/" + observations_name;
}

}  // namespace

std::string observations_text(std::span<const ObservedAlert> rows) {
  std::string text;
  for (const std::string& column : columns()) text += (text.empty() ? "" : ",") + column;
  text += '\n';
  for (const ObservedAlert& row : rows) text += observation_line(row);
  return text;
}

std::string observation_line(const ObservedAlert& row) {
  std::string text = csv_cell(row.acquisition) + ',' + format_instant(row.acquired) + ',';
  text.append(name(row.use)).append(",").append(csv_cell(row.why));
  text +=
      ',' + number_text(row.clear_share) + ',' + number_text(row.detected_share) + ',' + number_text(row.probability);
  for (const ObservedFeature& feature : row.features) {
    text += ',' + number_text(feature.value) + ',' + number_text(feature.expected) + ',' + number_text(feature.sd);
  }
  return text + '\n';
}

std::vector<ObservedAlert> read_observations(const std::string& state, const std::string& site,
                                             const std::string& alert_id) {
  const std::string path = path_of(state, site, alert_id);
  try {
    const std::optional<std::string> text = read_regular_file(path, largest_table_bytes);
    if (!text) return {};
    return parse_observations(*text);
  } catch (const DataError& error) {
    throw DataError(path + ": " + error.what());
  }
}

std::vector<ObservedAlert> parse_observations(std::string_view text) {
  std::vector<ObservedAlert> rows;
  for (const CsvRow& row : parse_csv(text, columns())) {
    rows.push_back(observed(row));
    if (rows.size() > 1 && rows.back().acquired < rows[rows.size() - 2].acquired) {
      throw DataError("line " + std::to_string(row.line) + ": is earlier than the line before");
    }
  }
  return rows;
}

void write_observations(const std::string& state, const std::string& site, const std::string& alert_id,
                        std::span<const ObservedAlert> rows) {
  const std::string folder = chips_folder(state, site, alert_id);
  make_folder(folder);
  write_file_atomically(path_of(state, site, alert_id), observations_text(rows));
}

}  // namespace pitwatch
