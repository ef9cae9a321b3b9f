#pragma once
// What the room carries in the program: templates, their style, catalogues of texts.

#include <string_view>

namespace pitwatch {

/// The bytes of a file of templates/ or texts/ by its name. Throws std::out_of_range for one that is not there.
std::string_view dossier_file(std::string_view name);

}  // namespace pitwatch
