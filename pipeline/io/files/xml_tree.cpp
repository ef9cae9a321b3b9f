#include "pipeline/io/files/xml_tree.hpp"

#include <libxml/parser.h>

#include <cstddef>
#include <memory>
#include <optional>

#include "pipeline/core/error.hpp"

namespace pitwatch {
namespace {

constexpr std::size_t deepest_nesting = 64;
constexpr std::size_t most_parts = 1'000'000;

std::string_view as_text(const xmlChar* text) { return reinterpret_cast<const char*>(text); }

std::string trimmed(std::string_view text) {
  constexpr std::string_view white = " \t\r\n";
  const std::size_t first = text.find_first_not_of(white);
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(white) - first + 1));
}

/// What libxml2 calls back with as it reads. Exceptions must not cross it: what goes wrong is kept here.
struct Builder {
  xmlParserCtxtPtr context = nullptr;
  std::vector<XmlElement> open;  // from the root to the element that is being read
  std::optional<XmlElement> root;
  std::size_t parts = 0;
  std::string refusal;

  void refuse(const std::string& why) {
    if (refusal.empty()) refusal = why;
    xmlStopParser(context);
  }

  void start(const xmlChar* name, int attribute_count, const xmlChar** attributes) {
    parts += 1 + static_cast<std::size_t>(attribute_count);
    if (parts > most_parts) return refuse("more than " + std::to_string(most_parts) + " elements and attributes");
    if (open.size() == deepest_nesting) {
      return refuse("nested deeper than " + std::to_string(deepest_nesting) + " levels");
    }
    XmlElement element;
    element.name = as_text(name);
    for (int i = 0; i < attribute_count; ++i) {
      const xmlChar** const attribute =
          attributes + std::ptrdiff_t{5} * i;  // name, prefix, namespace, start and end of the value
      element.attributes.emplace_back(as_text(attribute[0]),
                                      std::string(reinterpret_cast<const char*>(attribute[3]),
                                                  static_cast<std::size_t>(attribute[4] - attribute[3])));
    }
    open.push_back(std::move(element));
  }

  void end() {
    if (open.empty()) return;  // the parser was stopped
    XmlElement element = std::move(open.back());
    open.pop_back();
    element.text = trimmed(element.text);
    if (open.empty()) {
      root = std::move(element);
    } else {
      open.back().children.push_back(std::move(element));
    }
  }

  void characters(const xmlChar* text, int length) {
    if (!open.empty()) open.back().text.append(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
  }
};

Builder& builder_of(void* user_data) { return *static_cast<Builder*>(user_data); }

xmlSAXHandler handlers() {
  xmlSAXHandler sax{};
  sax.initialized = XML_SAX2_MAGIC;
  sax.internalSubset = [](void* user, const xmlChar*, const xmlChar*, const xmlChar*) noexcept {
    builder_of(user).refuse("a document type (DOCTYPE) is not accepted");
  };
  sax.startElementNs = [](void* user, const xmlChar* name, const xmlChar*, const xmlChar*, int, const xmlChar**,
                          int attribute_count, int, const xmlChar** attributes) noexcept {
    builder_of(user).start(name, attribute_count, attributes);
  };
  sax.endElementNs = [](void* user, const xmlChar*, const xmlChar*, const xmlChar*) noexcept {
    builder_of(user).end();
  };
  const auto characters = [](void* user, const xmlChar* text, int length) noexcept {
    builder_of(user).characters(text, length);
  };
  sax.characters = characters;
  sax.cdataBlock = characters;
  sax.ignorableWhitespace = characters;
  sax.serror = [](void*, auto*) {};  // the last one is asked for afterwards
  return sax;
}

std::string explain(xmlParserCtxtPtr context) {
  const auto* const error = xmlCtxtGetLastError(context);
  if (error == nullptr || error->message == nullptr) return "not XML";
  return "not XML: line " + std::to_string(error->line) + ": " + trimmed(error->message);
}

}  // namespace

const XmlElement* XmlElement::find(std::string_view wanted) const {
  for (const XmlElement& child : children) {
    if (child.name == wanted) return &child;
    if (const XmlElement* found = child.find(wanted)) return found;
  }
  return nullptr;
}

std::vector<const XmlElement*> XmlElement::find_all(std::string_view wanted) const {
  std::vector<const XmlElement*> result;
  for (const XmlElement& child : children) {
    if (child.name == wanted) {
      result.push_back(&child);
    } else {
      const std::vector<const XmlElement*> below = child.find_all(wanted);
      result.insert(result.end(), below.begin(), below.end());
    }
  }
  return result;
}

std::string XmlElement::text_of(std::string_view wanted) const {
  const XmlElement* const found = find(wanted);
  return found == nullptr ? std::string() : found->text;
}

std::string XmlElement::attribute(std::string_view wanted) const {
  for (const auto& [key, value] : attributes) {
    if (key == wanted) return value;
  }
  return {};
}

XmlElement parse_xml(std::string_view text) {
  if (text.empty()) throw DataError("empty, not XML");
  if (text.size() > largest_xml_bytes) throw DataError("too large: " + std::to_string(text.size()) + " bytes");
  static const int initialised = [] {
    xmlInitParser();
    return 0;
  }();
  static_cast<void>(initialised);
  xmlSAXHandler sax = handlers();
  Builder builder;
  const std::unique_ptr<xmlParserCtxt, void (*)(xmlParserCtxtPtr)> context(
      xmlCreatePushParserCtxt(&sax, &builder, nullptr, 0, nullptr), &xmlFreeParserCtxt);
  if (!context) throw std::bad_alloc();
  builder.context = context.get();
  xmlCtxtUseOptions(context.get(), XML_PARSE_NONET);
  const int error = xmlParseChunk(context.get(), text.data(), static_cast<int>(text.size()), 1);
  if (!builder.refusal.empty()) throw DataError(builder.refusal);
  if (error != 0 || context->wellFormed == 0 || !builder.root) throw DataError(explain(context.get()));
  return std::move(*builder.root);
}

}  // namespace pitwatch
