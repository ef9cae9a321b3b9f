#pragma once
// The catalogue of indices for people and programs.

#include <string>
#include <string_view>

namespace pitwatch::tools {

/// Indices that can be computed, one a line: name, domain, range, bands, meaning; all of them, or those of a domain.
/// Throws ConfigError for a domain that there is not, naming those there are.
std::string index_list_text(std::string_view domain);

/// The same as a JSON array of objects, with formula and source.
std::string index_list_json(std::string_view domain);

/// One index in all detail. Throws ConfigError for a name that is not in the catalogue.
std::string index_text(std::string_view name);

}  // namespace pitwatch::tools
