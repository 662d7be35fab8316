//! The classes of a TTree as ROOT 6 writes them, for files that do not describe them, and the small
//! classes that no file describes. A file's own StreamerInfo goes first: it is what makes old
//! versions readable.

use std::sync::Arc;

use super::classes::{Class, Element};

/// Class, version, members as `name:code:type`. Codes are those of [`super::classes::code`].
const CLASSES: &[(&str, i32, &str)] = &[
    (
        "TTree",
        20,
        "TNamed:67 TAttLine:0 TAttFill:0 TAttMarker:0 fEntries:16 fTotBytes:16 fZipBytes:16 fSavedBytes:16 \
         fFlushedBytes:16 fWeight:8 fTimerInterval:3 fScanField:3 fUpdate:3 fDefaultEntryOffsetLen:3 fNClusterRange:6 \
         fMaxEntries:16 fMaxEntryLoop:16 fMaxVirtualSize:16 fAutoSave:16 fAutoFlush:16 fEstimate:16 \
         fClusterRangeEnd:56:[fNClusterRange] fClusterSize:56:[fNClusterRange] fIOFeatures:62:ROOT::TIOFeatures \
         fBranches:61:TObjArray fLeaves:61:TObjArray",
    ),
    (
        "TBranch",
        13,
        "TNamed:67 TAttFill:0 fCompress:3 fBasketSize:3 fEntryOffsetLen:3 fWriteBasket:3 fEntryNumber:16 \
         fIOFeatures:62:ROOT::TIOFeatures fOffset:3 fMaxBaskets:6 fSplitLevel:3 fEntries:16 fFirstEntry:16 fTotBytes:16 \
         fZipBytes:16 fBranches:61:TObjArray fLeaves:61:TObjArray fBaskets:61:TObjArray fBasketBytes:43:[fMaxBaskets] \
         fBasketEntry:56:[fMaxBaskets] fBasketSeek:56:[fMaxBaskets] fFileName:65",
    ),
    (
        "TBranchElement",
        10,
        "TBranch:0 fClassName:65 fParentName:65 fClonesName:65 fCheckSum:13 fClassVersion:2 fID:3 fType:3 \
         fStreamerType:3 fMaximum:3 fBranchCount:64:TBranchElement* fBranchCount2:64:TBranchElement*",
    ),
    ("TBranchObject", 1, "TBranch:0 fClassName:65"),
    ("ROOT::TIOFeatures", 1, "fIOBits:11"),
    (
        "TLeaf",
        2,
        "TNamed:67 fLen:3 fLenType:3 fOffset:3 fIsRange:18 fIsUnsigned:18 fLeafCount:64:TLeaf*",
    ),
    ("TLeafB", 1, "TLeaf:0 fMinimum:1 fMaximum:1"),
    ("TLeafC", 1, "TLeaf:0 fMinimum:3 fMaximum:3"),
    ("TLeafD", 1, "TLeaf:0 fMinimum:8 fMaximum:8"),
    ("TLeafD32", 1, "TLeaf:0 fMinimum:9 fMaximum:9"),
    ("TLeafElement", 1, "TLeaf:0 fID:3 fType:3"),
    ("TLeafF", 1, "TLeaf:0 fMinimum:5 fMaximum:5"),
    ("TLeafF16", 1, "TLeaf:0 fMinimum:19 fMaximum:19"),
    ("TLeafG", 1, "TLeaf:0 fMinimum:16 fMaximum:16"),
    ("TLeafI", 1, "TLeaf:0 fMinimum:3 fMaximum:3"),
    ("TLeafL", 1, "TLeaf:0 fMinimum:16 fMaximum:16"),
    ("TLeafO", 1, "TLeaf:0 fMinimum:18 fMaximum:18"),
    ("TLeafObject", 4, "TLeaf:0 fVirtual:18"),
    ("TLeafS", 1, "TLeaf:0 fMinimum:2 fMaximum:2"),
];

/// The class of this (normalized) name.
pub(crate) fn class(name: &str, version: Option<i32>) -> Option<Arc<Class>> {
    let known = |&&(n, v, _): &&(&str, i32, &str)| n == name && version.is_none_or(|w| w <= v);
    let (_, version, members) = CLASSES.iter().find(known)?;
    Some(Arc::new(Class {
        name: name.to_owned(),
        version: *version,
        checksum: 0,
        elements: members.split_whitespace().filter_map(element).collect(),
    }))
}

fn element(text: &str) -> Option<Element> {
    let (name, rest) = text.split_once(':')?;
    let (code, type_name) = rest.split_once(':').unwrap_or((rest, ""));
    let counter = type_name.starts_with('[');
    Some(Element {
        name: name.to_owned(),
        title: if counter { type_name } else { "" }.to_owned(),
        kind: code.parse().ok()?,
        type_name: if counter { "" } else { type_name }.to_owned(),
        dims: Vec::new(),
        is_stl: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_members_of_the_table_are_well_formed() {
        for (name, version, members) in CLASSES {
            let class = class(name, Some(*version)).unwrap();
            assert_eq!(
                class.elements.len(),
                members.split_whitespace().count(),
                "{name}"
            );
        }
        assert!(class("TTree", Some(21)).is_none(), "newer than the table");
        assert!(class("TNothing", None).is_none());
    }
}
