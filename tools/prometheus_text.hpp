#pragma once
// Figures in the text format of Prometheus (exposition format 0.0.4), as its textfile collector reads it.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pitwatch::tools {

/// Families one after the other, each with its samples. Names are this program's; values of labels may be anything:
/// they are put on one line, what would steer a terminal is written out, and quotes and backslashes are escaped.
class PrometheusText {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

  /// Begins a family of gauges, of which there need be no sample.
  void family(std::string_view name, std::string_view help);

  /// A sample of the family that was begun last.
  void sample(double value, const Labels& labels = {});

  /// A family of one sample without labels.
  void gauge(std::string_view name, std::string_view help, double value);

  /// The families of another, behind those that are here.
  void append(const PrometheusText& other) { text_ += other.text_; }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::string name_;
};

}  // namespace pitwatch::tools
