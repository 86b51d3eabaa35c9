import Foundation
import Trials

/// Opens users' own images: a folder of pictures or a file of arrays.
enum OwnImagesReader {
  /// The source of the images.
  static func open(_ url: URL, _ images: OwnImages) throws(DatasetError) -> any ImageSource {
    guard FileFinder.isFile(url) else {
      return try PictureFolderSource(at: url, shape: images.shape)
    }
    let head = try FileHead(
      url, expecting: "a folder of PNG and JPEG files, a .npy or a .npz file")
    guard head.isNPY || head.isZip else {
      throw .refused(
        place: url.path, found: head.summary,
        expected: "a folder of PNG and JPEG files, a .npy or a .npz file",
        remedy: "name the folder, or save the images with numpy.save")
    }
    return try ArraySource(at: url, isZip: head.isZip, shape: images.shape)
  }

  /// Checks that a set has enough images to hold some back from training.
  static func checkCount(_ count: Int, place: String) throws(DatasetError) {
    guard count >= 10 else {
      throw .refused(
        place: place, found: "\(count) images", expected: "at least 10",
        remedy: "add images, or put those to evaluate on into a subfolder or array of their own")
    }
  }
}
