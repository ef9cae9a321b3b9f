// pitwatch_pages DIR DATE: writes manual pages and completions into DIR, as they are installed below PREFIX/share.

#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "pipeline/core/error.hpp"
#include "pipeline/report/versions.hpp"
#include "tools/pages.hpp"

namespace {

void write(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  if (!(out << text).flush()) throw pitwatch::IoError("cannot write " + file.string());
}

}  // namespace

int main(int argc, char** argv) {
  using namespace pitwatch::tools;
  if (argc != 3) {
    std::cerr << "usage: pitwatch_pages DIR DATE\n";
    return exit_usage;
  }
  try {
    const std::filesystem::path folder = argv[1];
    const PageOrigin origin{pitwatch::program_version(), argv[2]};
    write(folder / "man/man1/pitwatch.1", program_page(origin));
    for (const Call& call : all_calls()) {
      write(folder / "man/man1" / (page_name(call) + ".1"), command_page(call, origin));
    }
    write(folder / "bash-completion/completions/pitwatch", bash_completion());
    write(folder / "zsh/vendor-completions/_pitwatch", zsh_completion());
  } catch (const std::exception& error) {
    std::cerr << "pitwatch_pages: " << error.what() << "\n";
    return exit_internal;
  }
  return exit_done;
}
