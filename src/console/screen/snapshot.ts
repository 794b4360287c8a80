/** What a terminal shows at one moment. It is the guest's own text: escape it before you show it elsewhere. */
export interface ScreenSnapshot {
  readonly columns: number;
  readonly rows: number;
  /** One string a row, top to bottom, without the blanks at its end. */
  readonly lines: readonly string[];
  /** The lines with `\n` between them, without the blank ones at the end. */
  readonly text: string;
  /** Counted from 0, so that `lines[cursor.row]` is the cursor's line. */
  readonly cursor: { readonly row: number; readonly column: number; readonly isVisible: boolean };
  /** The window title the guest has set (200 characters of it); it is kept here and goes nowhere else. */
  readonly title: string;
}
