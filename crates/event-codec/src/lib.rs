//! Domain event to record and back: names, versions, upcasters, sealed personal data
