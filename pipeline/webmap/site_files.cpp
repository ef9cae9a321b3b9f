#include "pipeline/webmap/site_files.hpp"

#include <algorithm>
#include <array>

#include "pipeline/core/error.hpp"
#include "pipeline/core/text.hpp"
#include "pipeline/io/files/json_values.hpp"

namespace pitwatch {

std::string_view webmap_file(std::string_view name);  // made by the build

namespace {

constexpr std::array<std::string_view, 3> languages{"en", "az", "ru"};

/// In the order in which the page loads them.
constexpr std::array<std::string_view, 11> app_files{"app.css", "model.js", "words.js", "view.js",
                                                     "map.js",  "list.js",  "panel.js", "swipe.js",
                                                     "time.js", "sites.js", "main.js"};
constexpr std::array<std::string_view, 3> leaflet_images{"layers.png", "layers-2x.png", "marker-icon.png"};

/// Without the note for debuggers on a file that is not part of the folder.
std::string without_source_map(std::string_view script) {
  const std::size_t note = script.rfind("\n//# sourceMappingURL=");
  return std::string(script.substr(0, note)) + (note == std::string_view::npos ? "" : "\n");
}

}  // namespace

std::span<const std::string_view> map_languages() { return languages; }

std::map<std::string, std::string> map_texts(std::string_view language) {
  if (std::find(languages.begin(), languages.end(), language) == languages.end()) {
    throw ConfigError("--lang: '" + std::string(language) + "' is none of en, az, ru");
  }
  return top_texts(webmap_file(std::string(language) + ".json"));
}

std::string filled_in(std::string_view markup, const std::map<std::string, std::string>& texts) {
  std::string result;
  while (true) {
    const std::size_t begin = markup.find("{{");
    const std::size_t end = begin == std::string_view::npos ? begin : markup.find("}}", begin);
    if (end == std::string_view::npos) return result.append(markup);
    result.append(markup.substr(0, begin))
        .append(markup_text(texts.at(std::string(markup.substr(begin + 2, end - begin - 2)))));
    markup.remove_prefix(end + 2);
  }
}

std::map<std::string, std::string> page_files(std::string_view language) {
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> texts = map_texts(language);
  texts["lang"] = language;
  files["index.html"] = filled_in(webmap_file("index.html"), texts);
  for (const std::string_view name : app_files) files["app/" + std::string(name)] = webmap_file(name);
  files["leaflet/leaflet.js"] = without_source_map(webmap_file("leaflet.min.js"));
  files["leaflet/leaflet.css"] = webmap_file("leaflet.css");
  files["leaflet/LICENSE.txt"] = webmap_file("copyright");
  for (const std::string_view name : leaflet_images) files["leaflet/images/" + std::string(name)] = webmap_file(name);
  return files;
}

}  // namespace pitwatch
