import Foundation
import Images
import Trials

/// Where the images of a data set come from: files of its publisher, or a drawing.
///
/// A new distribution format is a new conforming type and a row of ``DatasetReader/all``.
protocol ImageSource {
  /// How the archive shall store the images.
  var encoding: PixelEncoding { get }
  /// How many images ``read(_:)`` will deliver to the training part.
  var trainingCount: Int { get }
  /// How many images ``read(_:)`` will deliver to the evaluation part.
  var evaluationCount: Int { get }

  /// The files that are read, where each is a part of its own; empty where that is of no interest.
  var files: [SourceFile] { get }

  /// What people should know of files that were passed over.
  var remark: String? { get }

  /// Delivers every image once, with `height × width × channels` values in that order.
  func read(_ receive: ImageReceiver) throws(DatasetError)
}

/// A file that images are read from.
package struct SourceFile: Hashable, Sendable {
  /// The file.
  package var url: URL
  /// Which part of the set it is taken for; nil for all of it.
  package var part: ImageSplit?
}

extension ImageSource {
  var files: [SourceFile] { [] }
  var remark: String? { nil }
}

/// Takes the pixels of one image and the part that it belongs to.
typealias ImageReceiver = ([UInt8], ImageSplit) throws(DatasetError) -> Void
