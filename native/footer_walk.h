// Reading a full segment by its trailer and footer instead of its blocks. The answer is either exactly what the blocks
// would have said, or that the shortcut does not hold; nothing is ever half believed.
#ifndef SCRIPTORIUM_FOOTER_WALK_H_
#define SCRIPTORIUM_FOOTER_WALK_H_

#include <functional>

#include "footer.h"
#include "segment_scanner.h"
#include "trailer.h"

namespace scriptorium {

// The trailer of the segment, if it has one that holds.
Result<bool> ReadTrailer(SegmentScanner& scanner, Trailer* trailer);

// Walks the footer that the trailer names: its blocks form a chain that ends with the checksum in the trailer, its
// entries and the segment's base records account for every ordinal. False if anything of that does not hold, whatever
// was visited by then; a status of `visit` that is not ok ends the walk and is returned.
Result<bool> WalkFooter(SegmentScanner& scanner, const Trailer& trailer,
                        const std::function<Status(const FooterEntry&)>& visit);

}  // namespace scriptorium

#endif  // SCRIPTORIUM_FOOTER_WALK_H_
