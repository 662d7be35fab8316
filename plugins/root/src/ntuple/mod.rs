//! RNTuples in the released format, from the specification (RNTuple Binary Format Specification
//! 1.0).
//!
//! A field is a tree of types, a column a sequence of simple values in pages, a cluster the pages
//! of some consecutive entries. Envelopes (header, footer, page lists) carry checksums, which are
//! verified, as are those of pages.

mod decode;
mod envelope;
mod fields;
mod pages;
mod read;
mod schema;

use std::sync::Arc;

use crate::column::{Branch, Compression, Content};
use crate::container::cursor::Cursor;
use crate::container::key::Key;
use crate::container::source::Source;
use crate::error::{Error, Result};

use envelope::{FOOTER, HEADER, Link, PAGE_LIST};
use fields::Node;
use pages::Cluster;
use schema::Schema;

pub(crate) use decode::{ColumnKind, Then, unsplit};
pub(crate) use pages::Page;
pub(crate) use read::FieldReader;

/// An RNTuple that is open for reading.
pub(crate) struct Ntuple {
    schema: Schema,
    /// Top-level fields: number in the schema, and how to read it or why not.
    fields: Vec<(usize, std::result::Result<Node, String>)>,
    clusters: Vec<Cluster>,
    entries: u64,
}

impl Ntuple {
    /// From the anchor, which is the object of a key.
    pub fn open(source: &Source, key: &Key) -> Result<Self> {
        let anchor = key.object(source)?;
        let (header, footer) = anchor_links(&anchor).map_err(|e| e.at(key.position))?;
        let header = header.read(source, HEADER)?;
        let mut schema = Schema::parse_header(&header.payload)?;
        let footer = footer.read(source, FOOTER)?;
        let groups = schema.parse_footer(&footer.payload, header.checksum)?;
        let mut clusters: Vec<Cluster> = Vec::new();
        for group in &groups {
            let list = group.pages.read(source, PAGE_LIST)?;
            let list = pages::parse(&list.payload, header.checksum, schema.columns.len())?;
            if list.len() as u64 != u64::from(group.clusters) {
                return Err(Error::corrupt(
                    "another number of clusters than the footer says",
                ));
            }
            clusters.extend(list);
        }
        clusters.sort_by_key(|c| c.first_entry);
        let mut entries = 0u64;
        for cluster in &clusters {
            let end = cluster.first_entry.checked_add(cluster.entries);
            match end {
                Some(end) if cluster.first_entry == entries => entries = end,
                _ => return Err(Error::corrupt("clusters with gaps between their entries")),
            }
        }
        let fields = fields::build(&schema);
        Ok(Ntuple {
            schema,
            fields,
            clusters,
            entries,
        })
    }

    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// All pages, with the number of their column and what it holds.
    pub fn pages(&self) -> impl Iterator<Item = (usize, ColumnKind, &Page)> {
        let columns = self
            .clusters
            .iter()
            .flat_map(|c| c.columns.iter().enumerate());
        columns
            .filter_map(|(number, stored)| {
                let kind = ColumnKind::new(self.schema.columns.get(number)?).ok()?;
                Some(stored.pages.iter().map(move |page| (number, kind, page)))
            })
            .flatten()
    }

    pub fn description(&self) -> &str {
        &self.schema.description
    }

    /// The last border of a cluster that is not after this entry.
    pub fn cluster_border(&self, entry: u64) -> Option<u64> {
        let after = self.clusters.partition_point(|c| c.first_entry <= entry);
        let last = self.clusters.get(after.checked_sub(1)?);
        last.map(|c| c.first_entry)
    }

    /// A branch for each top-level field.
    pub fn branches(&self) -> Vec<Branch> {
        let branch = |(number, node): &(usize, std::result::Result<Node, String>)| {
            let field = self.schema.fields.get(*number);
            let mut branch = Branch {
                path: field.map_or_else(String::new, |f| f.name.clone()),
                title: field.map_or_else(String::new, |f| f.description.clone()),
                type_name: field.map_or_else(String::new, |f| f.type_name.clone()),
                content: match node {
                    Ok(node) => Content::Values(node.ty()),
                    Err(reason) => Content::Unreadable(reason.clone()),
                },
                is_counter: false,
                disk_bytes: 0,
                raw_bytes: 0,
                baskets: 0,
                compression: Compression::None,
            };
            for column in self.schema.columns_below(*number) {
                let bits = self.schema.columns.get(column).map_or(0, |c| c.bits);
                self.add_sizes(column, bits, &mut branch);
            }
            branch
        };
        self.fields.iter().map(branch).collect()
    }

    fn add_sizes(&self, column: usize, bits: u16, branch: &mut Branch) {
        for cluster in &self.clusters {
            let Some(stored) = cluster.columns.get(column) else {
                continue;
            };
            for page in &stored.pages {
                let raw = (page.elements.saturating_mul(bits.into())).div_ceil(8);
                branch.raw_bytes = branch.raw_bytes.saturating_add(raw);
                branch.disk_bytes = branch.disk_bytes.saturating_add(page.place.bytes);
                branch.baskets += 1;
            }
            if !stored.pages.is_empty() {
                branch.compression = Compression::from_settings(stored.compression.into());
            }
        }
    }
}

/// The links to header and footer in an anchor, which is big-endian, unlike all else.
fn anchor_links(anchor: &[u8]) -> Result<(Link, Link)> {
    let mut cursor = Cursor::new(anchor);
    cursor.header()?;
    // Later versions may append fields: the checksum of all is the last thing, outside of what the
    // header counts.
    let Some((fields, sum)) = anchor.split_last_chunk::<8>() else {
        return Err(Error::truncated());
    };
    let fields = fields.get(cursor.position()..);
    let fields = fields.ok_or_else(Error::truncated)?;
    if u64::from_be_bytes(*sum) != xxhash_rust::xxh3::xxh3_64(fields) {
        return Err(Error::corrupt("the anchor's checksum does not match"));
    }
    let epoch = cursor.u16()?;
    if epoch == 0 {
        return Err(Error::unsupported(
            "an RNTuple from before the format was released",
        ));
    }
    cursor.skip(6)?;
    let mut link = || -> Result<Link> {
        let position = cursor.u64()?;
        let bytes = cursor.u64()?;
        let raw_bytes = cursor.u64()?;
        Ok(Link {
            raw_bytes,
            place: envelope::Locator { position, bytes },
        })
    };
    Ok((link()?, link()?))
}

/// A name that several places share.
pub(crate) type Name = Arc<str>;
