#pragma once
// XML that comes from outside, as a tree of values. Used inside this folder only.
//
// Read with libxml2 and not with GDAL's CPLXMLNode: it rejects what is not well-formed, it reports a document type
// before any entity is declared, and a deep or wide document can be stopped while it is being read.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pitwatch {

struct XmlElement {
  std::string name;  // without the prefix of its namespace
  std::vector<std::pair<std::string, std::string>> attributes;
  std::string text;  // its own, without white space at both ends
  std::vector<XmlElement> children;

  /// The first of that name below this one, in the order of the document; null where there is none.
  const XmlElement* find(std::string_view wanted) const;

  /// All of that name below this one, in the order of the document; not those within another of them.
  std::vector<const XmlElement*> find_all(std::string_view wanted) const;

  /// The text of find(); empty where there is none.
  std::string text_of(std::string_view wanted) const;

  /// Empty where there is none.
  std::string attribute(std::string_view wanted) const;
};

inline constexpr std::size_t largest_xml_bytes = std::size_t{64} << 20;

/// The root of a document. Nothing is fetched and no entity but XML's own five is known. Throws DataError, with the
/// line of the document, for what is not well-formed, and for a document type, more than 64 MiB, elements nested deeper
/// than 64 levels, more than a million elements and attributes. Thread-safe.
XmlElement parse_xml(std::string_view text);

}  // namespace pitwatch
