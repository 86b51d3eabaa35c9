import Foundation

/// `latents/<trial>.svg`: what the open dimensions of a trial show, a row of pictures each, by
/// falling KL from the prior.
struct TraversalDrawing {
  /// What the trial recorded.
  let record: LatentRecord
  /// The trial's name and data set.
  let title: String
  /// The most rows drawn.
  var rowCountMaximum = Int.max
  /// Every such step is drawn; it divides the steps from the middle to an end.
  var columnStride = 1

  private static let width = 760.0
  private static let margin = 24.0
  private static let labelWidth = 96.0
  private static let rangeWidth = 104.0
  private static let headerHeight = 54.0
  private static let sideMaximum = 60.0
  private static let gap = 5.0

  /// The rows drawn.
  private var rows: [LatentRecord.Row] { Array(record.rows.prefix(rowCountMaximum)) }

  /// The steps drawn.
  private var columns: [Int] {
    Array(stride(from: 0, to: record.offsets.count, by: max(columnStride, 1)))
  }

  /// What is not drawn, as sentences; nil if nothing is missing.
  var omissions: String? {
    let unknown = record.dimensions.count { $0.isOpen && !Self.isFinite($0) }
    let small = record.openCount - unknown - rows.count
    var sentences: [String] = []
    if small > 0 {
      sentences.append(
        "\(small) of \(record.openCount) open dimensions, with less KL, "
          + (small == 1 ? "is left out." : "are left out."))
    }
    if unknown > 0 {
      sentences.append(
        (unknown == 1 ? "1 open dimension has" : "\(unknown) open dimensions have")
          + " numbers that are not finite.")
    }
    return sentences.isEmpty ? nil : sentences.joined(separator: " ")
  }

  /// What the drawing shows, for people who cannot see it.
  var summary: String {
    let drawn = rows.map { "z\($0.dimension.index)" }.joined(separator: ", ")
    return "\(title): what each of \(rows.count) open dimensions shows"
      + (drawn.isEmpty ? "" : ", by falling KL: \(drawn)")
  }

  private static func isFinite(_ dimension: LatentRecord.Dimension) -> Bool {
    dimension.divergence.isFinite && dimension.mean.isFinite && dimension.deviation.isFinite
  }

  /// The file's bytes.
  var svg: Data {
    let (rows, columns) = (rows, columns)
    let image = record.original
    let room = Self.width - 2 * Self.margin - Self.labelWidth - Self.rangeWidth
    let space = image.width > 32 ? 2 : 1
    // A row is one image, with white pixels between its pictures.
    let pixels = max(columns.count, 7) * (image.width + space)
    let scale = min(room / Double(pixels), Self.sideMaximum / Double(image.height))
    let side = (width: Double(image.width) * scale, height: Double(image.height) * scale)
    let bottom = omissions == nil ? 10.0 : 28.0
    let top = Self.headerHeight + side.height + 30
    let height = top + Double(rows.count) * (side.height + Self.gap) + bottom
    var drawing = SVGDrawing(
      width: Self.width, height: rows.isEmpty ? top + 20 : height, title: summary)
    drawing.text(
      title, at: (Self.margin, 24),
      .init(
        size: SVGDrawing.size(of: title, within: Self.width - 2 * Self.margin, most: 15),
        isBold: true))
    drawing.text(
      "What open dimensions show: \(record.openCount) of \(record.dimensions.count) are open, by "
        + "falling KL from the prior", at: (Self.margin, 42), .init(size: 11, color: Palette.quiet))
    let left = Self.margin + Self.labelWidth
    drawBase(side: side, at: left, in: &drawing)
    guard !rows.isEmpty else {
      drawing.text(
        record.openCount == 0 ? "No dimension is open." : omissions ?? "",
        at: (Self.margin, top + 4), .init(color: Palette.quiet))
      return drawing.data
    }
    let pitch = Double(image.width + space) * scale
    for (place, column) in columns.enumerated() {
      drawing.text(
        NumberText.compact(record.offsets[column], upTo: 1),
        at: (left + Double(place) * pitch + side.width / 2, top - 6),
        .init(size: 10, color: Palette.quiet, anchor: "middle"))
    }
    drawing.text("deviations", at: (Self.margin, top - 6), .init(size: 10, color: Palette.quiet))
    drawing.text(
      "z from, to", at: (left + Double(columns.count) * pitch + 6, top - 6),
      .init(size: 10, color: Palette.quiet))
    for (place, row) in rows.enumerated() {
      let rowTop = top + Double(place) * (side.height + Self.gap)
      let strip = Self.strip(columns.map { row.pictures[$0] }, space: space)
      drawing.image(
        strip, at: (left, rowTop), width: Double(strip.width) * scale, height: side.height)
      label(
        row.dimension, from: left + Double(columns.count) * pitch + 6,
        middle: rowTop + side.height / 2, in: &drawing)
    }
    if let omissions {
      drawing.text(
        omissions, at: (Self.margin, height - 10), .init(size: 11, color: Palette.quiet))
    }
    return drawing.data
  }

  /// Draws the image that every row begins at, beside its reconstruction.
  private func drawBase(
    side: (width: Double, height: Double), at left: Double, in drawing: inout SVGDrawing
  ) {
    let top = Self.headerHeight
    for (place, image) in [record.original, record.reconstruction].enumerated() {
      drawing.image(
        image, at: (left + Double(place) * (side.width + 4), top), width: side.width,
        height: side.height)
    }
    drawing.text(
      "begins at", at: (Self.margin, top + side.height / 2 + 4), .init(isBold: true))
    let text = "an evaluation image and its reconstruction; a row changes one of its dimensions"
    let from = left + 2 * (side.width + 4) + 8
    drawing.text(
      text, at: (from, top + side.height / 2 + 4),
      .init(
        size: SVGDrawing.size(of: text, within: Self.width - Self.margin - from, most: 11),
        color: Palette.quiet))
  }

  /// Writes a dimension's name and KL left of its pictures, and its range right of them.
  private func label(
    _ dimension: LatentRecord.Dimension, from right: Double, middle: Double,
    in drawing: inout SVGDrawing
  ) {
    drawing.text(
      "z\(dimension.index)", at: (Self.margin, middle - 3), .init(size: 12, isBold: true))
    drawing.text(
      "KL \(NumberText.fixed(dimension.divergence, 2))", at: (Self.margin, middle + 11),
      .init(size: 10.5, color: Palette.quiet))
    guard let first = record.offsets.first, let last = record.offsets.last else { return }
    let ends = [first, last].map {
      NumberText.compact(dimension.mean + $0 * dimension.deviation, upTo: 1)
    }
    let text = "\(ends[0]), \(ends[1])"
    drawing.text(
      text, at: (right, middle + 4),
      .init(
        size: SVGDrawing.size(of: text, within: Self.rangeWidth - 8, most: 10.5),
        color: Palette.quiet))
  }

  private static func strip(_ pictures: [Raster], space: Int) -> Raster {
    let (width, height) = (pictures[0].width, pictures[0].height)
    var strip = Raster(
      width: pictures.count * (width + space) - space, height: height,
      channels: pictures[0].channels, filledWith: 255)
    for (place, picture) in pictures.enumerated() {
      strip.draw(picture, left: place * (width + space), top: 0, scale: 1)
    }
    return strip
  }
}
