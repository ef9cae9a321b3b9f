#include "tools/prometheus_text.hpp"

#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"

namespace pitwatch::tools {
namespace {

std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : printable(value)) {
    if (c == '\\' || c == '"') text += '\\';
    text += c;
  }
  return text;
}

}  // namespace

void PrometheusText::family(std::string_view name, std::string_view help) {
  name_ = name;
  text_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " gauge\n";
}

void PrometheusText::sample(double value, const Labels& labels) {
  text_ += name_;
  char before = '{';
  for (const auto& [label, of] : labels) {
    text_ += before + std::string(label) + "=\"" + escaped(of) + "\"";
    before = ',';
  }
  if (!labels.empty()) text_ += '}';
  text_ += ' ' + shortest_text(value) + '\n';
}

void PrometheusText::gauge(std::string_view name, std::string_view help, double value) {
  family(name, help);
  sample(value);
}

}  // namespace pitwatch::tools
