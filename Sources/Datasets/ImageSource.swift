import Foundation
import Images
import Trials

/// The source of a data set's images: published files, or a drawing.
///
/// For a new format, add a conforming type and a row of ``DatasetReader/all``.
protocol ImageSource {
  /// How the archive stores the images.
  var encoding: PixelEncoding { get }
  /// The number of training images that ``read(_:)`` passes on.
  var trainingCount: Int { get }
  /// The number of evaluation images that ``read(_:)`` passes on.
  var evaluationCount: Int { get }

  /// The files that are read, if each is a part of the set; else empty.
  var files: [SourceFile] { get }

  /// A remark for people, about files that were skipped.
  var remark: String? { get }

  /// Passes every image on once, with `height × width × channels` values in that order.
  func read(_ receive: ImageReceiver) throws(DatasetError)
}

/// A file that images are read from.
package struct SourceFile: Hashable, Sendable {
  /// The file.
  package var url: URL
  /// The part of the set that it is used for; nil for all.
  package var part: ImageSplit?
}

extension ImageSource {
  var files: [SourceFile] { [] }
  var remark: String? { nil }
}

/// Receives the pixels of one image and its part.
typealias ImageReceiver = ([UInt8], ImageSplit) throws(DatasetError) -> Void
