#pragma once
// A page from its values: HTML whole in itself, which needs no script and asks for nothing from elsewhere.

#include <string>
#include <string_view>

#include "pipeline/dossier/page_values.hpp"
#include "pipeline/dossier/texts.hpp"

namespace pitwatch {

/// A text from outside in HTML: what would steer or turn around the text is made visible (printable()), then markup is
/// escaped (markup_text()).
std::string page_text(std::string_view text);

/// Renders templates/NAME.mustache with the values, an object, and the texts as `t`. All values are escaped but those
/// that the template takes with three braces, which are drawings that this room made. A value that is null is an
/// absent one. Throws std::logic_error for a template that is none.
std::string page_of(std::string_view name, const PageValues& values, const Texts& texts);

}  // namespace pitwatch
