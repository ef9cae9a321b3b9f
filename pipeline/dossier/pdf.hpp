#pragma once
// Pages as PDF, by a program that can: headless Chromium, else WeasyPrint.

#include <string>

namespace pitwatch {

struct PdfMaker {
  std::string program;  // its path
  bool is_chromium = true;
};

/// The first on PATH of chromium, chromium-browser, google-chrome and weasyprint. Throws ConfigError where there is
/// none.
PdfMaker find_pdf_maker();

/// Prints an HTML file to a PDF file, whole or not at all. That nothing of the page is run or fetched is the page's own
/// doing (its Content-Security-Policy). Throws
/// IoError, starting with the PDF's path: the program failed, made no PDF, or took more than two minutes. Thread-safe.
void make_pdf(const PdfMaker& maker, const std::string& html, const std::string& pdf);

}  // namespace pitwatch
