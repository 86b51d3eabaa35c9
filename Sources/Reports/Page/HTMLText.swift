import Foundation
import Trials

/// Pieces of HTML; untrusted texts pass through ``escaped(_:)``.
enum HTMLText {
  /// A text as content or attribute value; control characters become U+FFFD.
  static func escaped(_ text: String) -> String {
    SVGDrawing.escaped(text).replacing(scalar: "'", with: "&#39;")
  }

  /// An image inside the page.
  ///
  /// - Parameter description: The alternative text.
  static func image(_ png: Data, description: String, kind: String) -> String {
    "<img class=\"\(kind)\" alt=\"\(escaped(description))\" "
      + "src=\"data:image/png;base64,\(png.base64EncodedString())\">"
  }

  /// A drawing inside the page, described by its title.
  static func drawing(_ svg: Data) -> String {
    var text = String(decoding: svg, as: UTF8.self)
    if let end = text.range(of: "?>\n") { text = String(text[end.upperBound...]) }
    return text.replacing("<svg ", with: "<svg role=\"img\" ", maxReplacements: 1)
  }

  /// A table with a caption.
  ///
  /// - Parameters:
  ///   - texts: The number of first columns of text; the others are numbers, aligned right.
  ///   - rows: Cells of HTML.
  static func table(
    _ caption: String, header: [String], texts: Int = 1, rows: [[String]]
  ) -> String {
    var text =
      "<div class=\"wide\"><table class=\"texts\(texts)\"><caption>\(escaped(caption))</caption><thead><tr>"
    text += header.map { "<th scope=\"col\">\(escaped($0))</th>" }.joined()
    text += "</tr></thead><tbody>\n"
    for row in rows { text += "<tr>" + row.map { "<td>\($0)</td>" }.joined() + "</tr>\n" }
    return text + "</tbody></table></div>\n"
  }

  /// A list of named facts.
  static func facts(_ facts: [(name: String, value: String)]) -> String {
    "<dl>" + facts.map { "<dt>\(escaped($0.name))</dt><dd>\(escaped($0.value))</dd>" }.joined()
      + "</dl>\n"
  }

  /// The style sheet, for light and dark screens and for paper; only system fonts.
  static let style = """
    :root { color-scheme: light dark; --ink: #1c1e21; --quiet: #5c6670; --paper: #ffffff; \
    --card: #f5f6f8; --line: #d8dce0; --link: #0a58a8; }
    @media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --quiet: #a5adb5; \
    --paper: #15171a; --card: #1f2226; --line: #3a3f45; --link: #7db8f0; } }
    body { margin: 0 auto; padding: 1.5rem; max-width: 62rem; background: var(--paper); \
    color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
    h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; }
    h3 { font-size: 1.05rem; margin: 0 0 .4rem; overflow-wrap: anywhere; }
    p { margin: .4rem 0; } a { color: var(--link); } .quiet { color: var(--quiet); }
    .note { border-left: 4px solid #c8781e; padding: .1rem .8rem; }
    .wide { overflow-x: auto; }
    table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
    caption { text-align: left; color: var(--quiet); padding-bottom: .3rem; }
    th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: right; \
    white-space: nowrap; } th:first-child, td:first-child { text-align: left; }
    .texts2 :is(th, td):nth-child(-n+2), .texts3 :is(th, td):nth-child(-n+3) { text-align: left; }
    svg { max-width: 100%; height: auto; background: #ffffff; border-radius: 6px; }
    figure { margin: .6rem 0; } figcaption { color: var(--quiet); font-size: .85rem; }
    section.trial { background: var(--card); border: 1px solid var(--line); border-radius: 8px; \
    padding: 1rem; margin: 1rem 0; }
    dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .9rem; margin: .5rem 0; \
    font-size: .85rem; } dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
    img.strip { max-width: 100%; height: auto; image-rendering: pixelated; background: #ffffff; }
    img.gates { width: 100%; height: 11rem; image-rendering: pixelated; }
    pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--card); \
    padding: .7rem; border-radius: 6px; font-size: .82rem; }
    @media print { section.trial { break-inside: avoid; } }

    """
}
