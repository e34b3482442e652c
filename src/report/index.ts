/** What came out, for people: a page, a sheet of pictures, a table. Reads results; computes nothing that decides. */
export { auditTable, exposureTable, failedTable } from './audit-table.ts';
export { bytes, cutName, milliseconds, similarity } from './format.ts';
export { htmlReport } from './page.ts';
export { seenPictures } from './seen.ts';
export { contactSheet, type SheetImages, type SheetRow } from './sheet.ts';
export type {
  AuditEntry,
  Band,
  CandidateEntry,
  ExposureEntry,
  PlanEntry,
  ReportData,
  RunEntry,
  SeenPictures,
} from './types.ts';
