#include "pipeline/dossier/page.hpp"

#include <kainjow/mustache.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "pipeline/core/safe_text.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/dossier/dossier_files.hpp"
#include "pipeline/report/versions.hpp"

namespace pitwatch {
namespace {

namespace mustache = kainjow::mustache;
using nlohmann::ordered_json;

mustache::data data_of(const ordered_json& value) {
  if (value.is_object()) {
    mustache::object object;
    for (const auto& [key, member] : value.items()) object.emplace(key, data_of(member));
    return {object};
  }
  if (value.is_array()) {
    mustache::list list;
    for (const ordered_json& item : value) list.push_back(data_of(item));
    return {list};
  }
  if (value.is_string()) return {value.get<std::string>()};
  if (value.is_boolean()) return {value.get<bool>()};
  if (value.is_null()) return {false};
  throw std::logic_error("a page has texts and truth values only");
}

}  // namespace

std::string page_text(std::string_view text) { return markup_text(printable(text)); }

std::string page_of(std::string_view name, const ordered_json& values, const Texts& texts) {
  mustache::mustache page{std::string(dossier_file(std::string(name) + ".mustache"))};
  page.set_custom_escape([](const std::string& text) { return page_text(text); });
  mustache::data data = data_of(values);
  mustache::object catalogue;
  for (const auto& [key, text] : texts.all()) catalogue.emplace(key, mustache::data(text));
  data.set("t", mustache::data(catalogue));
  data.set("lang", mustache::data(texts.language()));
  data.set("style", mustache::data(std::string(dossier_file("style.css"))));
  data.set("footer", mustache::data(texts("footer", {{"version", program_version()}})));
  std::string html = page.render(data);
  if (!page.is_valid()) throw std::logic_error("template " + std::string(name) + ": " + page.error_message());
  return html;
}

}  // namespace pitwatch
