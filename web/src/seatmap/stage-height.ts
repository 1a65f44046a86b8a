/** How deep the stage is drawn, in plan units. */
export function stageHeight(pitch: number, houseWidth: number): number {
  return Math.max(pitch * 1.4, houseWidth * 0.035);
}
