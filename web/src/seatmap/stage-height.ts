/** Height of the stage in the drawing, in plan units. */
export function stageHeight(pitch: number, planWidth: number): number {
  return Math.max(pitch * 1.4, planWidth * 0.035);
}
