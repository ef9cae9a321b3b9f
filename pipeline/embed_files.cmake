# Writes SOURCE, a C++ file with the content of FILES and the function FUNCTION that gives them (embed.cmake).
set(arrays "")
set(entries "")
set(number 0)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} bytes HEX)
  string(LENGTH "${bytes}" digits)
  math(EXPR size "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char file_${number}[] = {${bytes}0};\n")
  string(APPEND entries
         "  if (name == \"${name}\") return {reinterpret_cast<const char*>(file_${number}), ${size}};\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${SOURCE} "#include <stdexcept>
#include <string>
#include <string_view>

namespace pitwatch {
namespace {

${arrays}
}  // namespace

std::string_view ${FUNCTION}(std::string_view name);

std::string_view ${FUNCTION}(std::string_view name) {
${entries}  throw std::out_of_range(\"no embedded file \" + std::string(name));
}

}  // namespace pitwatch
")
